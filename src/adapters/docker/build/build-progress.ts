import { formatSize } from '../images/size.ts';
import type { BuildStatus } from './build-status.ts';

type Vertex = BuildStatus['vertexes'][number];

/**
 * Turns BuildKit's status reports, which repeat themselves, into progress lines without repetition:
 * `[build 2/3] RUN npm ci`, then `[build 2/3] done in 4.2s`; or `[build 2/3] CACHED RUN npm ci`.
 */
export function buildProgress(): (status: BuildStatus) => string[] {
  const started = new Set<string>();
  const ended = new Set<string>();
  const names = new Map<string, string>();
  const transfers = transferLines();

  function ofVertex(vertex: Vertex): string[] {
    names.set(vertex.digest, vertex.name);
    if (ended.has(vertex.digest)) return [];
    const lines: string[] = [];
    if (vertex.started !== null && !started.has(vertex.digest)) {
      started.add(vertex.digest);
      if (!vertex.cached && !isOverhead(vertex)) lines.push(vertex.name);
    }
    if (vertex.completed === null) return lines;
    ended.add(vertex.digest);
    return [...lines, ...ending(vertex)];
  }

  return (status) => [
    ...status.vertexes.flatMap(ofVertex),
    ...transfers(status, (digest) => shortName(names.get(digest) ?? '')),
    ...status.warnings.map((warning) => `WARNING: ${Buffer.from(warning.short).toString()}`),
  ];
}

/** `[build 2/3]` for `[build 2/3] RUN npm ci`; the whole name when it has no brackets. */
export function shortName(name: string): string {
  return /^\[(?!internal\])[^\]]+\]/.exec(name)?.[0] ?? name.replace(/^\[internal\] /, '');
}

/** Internal steps of BuildKit, which are reported only when they fail or take more than a second. */
function isOverhead(vertex: Vertex): boolean {
  return vertex.name.startsWith('[internal]') || vertex.name === 'copy /context /';
}

function ending(vertex: Vertex): string[] {
  const short = shortName(vertex.name);
  if (vertex.error !== '')
    return [`${short} ${/context canceled/.test(vertex.error) ? 'CANCELED' : `ERROR: ${vertex.error}`}`];
  if (vertex.cached) return isOverhead(vertex) ? [] : [`${short} CACHED${vertex.name.slice(short.length)}`];
  const took = Math.max((vertex.completed ?? 0) - (vertex.started ?? 0), 0);
  return isOverhead(vertex) && took < 1_000 ? [] : [`${short} done in ${(took / 1000).toFixed(1)}s`];
}

const INTERVAL = 2_000;

/** The progress of all transfers of a vertex together, every two seconds of BuildKit's clock. */
function transferLines(): (status: BuildStatus, nameOf: (digest: string) => string) => string[] {
  const moved = new Map<string, Map<string, { current: number; total: number }>>();
  const reported = new Map<string, number>();
  return ({ statuses }, nameOf) =>
    statuses.flatMap(({ ID, vertex, current, total, timestamp }) => {
      if (total === 0 || timestamp === null) return [];
      const parts = moved.get(vertex) ?? new Map();
      moved.set(vertex, parts.set(ID, { current, total }));
      const last = reported.get(vertex) ?? reported.set(vertex, timestamp).get(vertex) ?? 0;
      if (timestamp - last < INTERVAL) return [];
      reported.set(vertex, timestamp);
      return [`${nameOf(vertex)} ${sum(parts, 'current')} of ${sum(parts, 'total')}`];
    });
}

function sum(parts: Map<string, { current: number; total: number }>, which: 'current' | 'total'): string {
  return formatSize([...parts.values()].reduce((total, part) => total + part[which], 0));
}
