import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { attemptMoves, deploymentMoves, jobMoves } from '../src/jobs/status.ts';

const ROOT = resolve(import.meta.dirname, '..');
const text = readFileSync(resolve(ROOT, 'ARCHITECTURE.md'), 'utf8');

describe('The state diagrams in ARCHITECTURE.md', () => {
  it.each([
    ['job', draw(jobMoves)],
    ['attempt', draw(attemptMoves)],
    ['deployment', draw(deploymentMoves)],
  ])('of the moves of %s: what the table gives', (name, diagram) => {
    expect(blockOf(name), `paste this between the markers of "${name}":\n\n${diagram}\n`).toBe(diagram);
  });
});

describe('ARCHITECTURE.md', () => {
  const files = [...text.matchAll(/(?<![\w/.-])((?:[\w-]+\/)+[\w-]+\.ts)\b/g)].map(([, path = '']) => path);
  const named = [...text.matchAll(/`(\w+)` \(((?:[\w-]+\/)+[\w-]+\.ts)\)/g)].map(([, name = '', path = '']) => ({
    name,
    path,
  }));

  it('speaks of no file that is not there', () => {
    expect(files.filter((path) => placeOf(path) === null)).toEqual([]);
  });

  it('speaks of no name that its file does not have', () => {
    const gone = named.filter(({ name, path }) => {
      const place = placeOf(path);
      return place === null || !new RegExp(`\\b${name}\\b`).test(readFileSync(place, 'utf8'));
    });
    expect(gone).toEqual([]);
    expect(named.length).toBeGreaterThan(20);
  });
});

/** From the first status of a table to those from which nothing leads on. */
function draw(moves: Record<string, readonly string[]>): string {
  const [first] = Object.keys(moves);
  const arrows = Object.entries(moves).flatMap(([from, all]) =>
    all.length === 0 ? [`${from} --> [*]`] : all.map((to) => `${from} --> ${to}`),
  );
  const lines = ['stateDiagram-v2', ...[`[*] --> ${first}`, ...arrows].map((arrow) => `  ${arrow}`)];
  return ['```mermaid', ...lines, '```'].join('\n');
}

function blockOf(name: string): string | null {
  return new RegExp(`<!-- moves: ${name} -->\\n([\\s\\S]*?)\\n<!-- end -->`).exec(text)?.[1] ?? null;
}

/** Paths of ARCHITECTURE.md begin at the root or, as the rooms do, at src. */
function placeOf(path: string): string | null {
  return [resolve(ROOT, path), resolve(ROOT, 'src', path)].find(existsSync) ?? null;
}
