import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { attemptMoves, deploymentMoves, jobMoves } from '../src/jobs/status.ts';
import { FOLDERS, TABLE } from './import-table.ts';

const ROOT = resolve(import.meta.dirname, '..');
const text = readFileSync(resolve(ROOT, 'ARCHITECTURE.md'), 'utf8');

describe('The state diagrams in ARCHITECTURE.md', () => {
  it.each([
    ['job', draw(jobMoves)],
    ['attempt', draw(attemptMoves)],
    ['deployment', draw(deploymentMoves)],
  ])('show the moves of each %s as in src/jobs/status.ts', (name, diagram) => {
    expect(blockOf(`moves: ${name}`), `paste this between the markers of "${name}":\n\n${diagram}\n`).toBe(diagram);
  });
});

describe('The import tables in ARCHITECTURE.md', () => {
  it.each([
    ['rooms', roomTable()],
    ['folders', folderTable()],
  ])('show the rules that are enforced: %s', (name, table) => {
    const block = blockOf(`imports: ${name}`);
    expect(block, `paste this between the markers of "imports: ${name}":\n\n${table}\n`).toBe(table);
  });
});

describe('ARCHITECTURE.md', () => {
  const files = [...text.matchAll(/(?<![\w/.-])((?:[\w-]+\/)+[\w-]+\.ts)\b/g)].map(([, path = '']) => path);
  const named = [...text.matchAll(/`(\w+)` \(((?:[\w-]+\/)+[\w-]+\.ts)\)/g)].map(([, name = '', path = '']) => ({
    name,
    path,
  }));

  it('names only files that exist', () => {
    expect(files.filter((path) => locate(path) === null)).toEqual([]);
  });

  it('names only functions that are in the given file', () => {
    const missing = named.filter(({ name, path }) => {
      const file = locate(path);
      return file === null || !new RegExp(`\\b${name}\\b`).test(readFileSync(file, 'utf8'));
    });
    expect(missing).toEqual([]);
    expect(named.length).toBeGreaterThan(20);
  });
});

/** The table as a Mermaid diagram. The first status is the initial one; a status without moves is final. */
function draw(moves: Record<string, readonly string[]>): string {
  const [first] = Object.keys(moves);
  const arrows = Object.entries(moves).flatMap(([from, all]) =>
    all.length === 0 ? [`${from} --> [*]`] : all.map((to) => `${from} --> ${to}`),
  );
  const lines = ['stateDiagram-v2', ...[`[*] --> ${first}`, ...arrows].map((arrow) => `  ${arrow}`)];
  return ['```mermaid', ...lines, '```'].join('\n');
}

function blockOf(name: string): string | null {
  return new RegExp(`<!-- ${name} -->\\n([\\s\\S]*?)\\n<!-- end -->`).exec(text)?.[1] ?? null;
}

/** Paths in ARCHITECTURE.md are relative to the root or to src. */
function locate(path: string): string | null {
  return [resolve(ROOT, path), resolve(ROOT, 'src', path)].find(existsSync) ?? null;
}

function roomTable(): string {
  const rows = Object.entries(TABLE).map(([room, { rooms, packages, node }]) => {
    const all = [...packages.map((name) => (name.endsWith('/') ? `${name}*` : name)), ...(node ? ['node:*'] : [])];
    return `| ${room} | ${rooms.join(', ')} | ${all.join(', ')} |`;
  });
  return ['| room or file | may import | packages, besides zod |', '|---|---|---|', ...rows].join('\n');
}

function folderTable(): string {
  const rows = Object.entries(FOLDERS).flatMap(([room, folders]) =>
    Object.entries(folders).map(([folder, imports]) => `| ${room}/${folder} | ${imports.join(', ')} |`),
  );
  return ['| folder | may import, of its room |', '|---|---|', ...rows].join('\n');
}
