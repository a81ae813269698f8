import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FOLDERS, PURE, type Rule, SHARED, TABLE } from './import-table.ts';

const SRC = resolve(import.meta.dirname, '../src');

const MAX_FILES = 16;

/** Modules of Node that only some rooms may import. */
const RESTRICTED: Record<string, RegExp> = {
  'node:sqlite': /^adapters\/(store|lock)$/,
  'node:child_process': /^(adapters\/.*|cli)$/,
};

interface Import {
  type: boolean;
  target: string;
}

interface Source {
  /** Relative to src: `adapters/docker/exec.ts`. */
  path: string;
  room: string;
  imports: Import[];
  /** Without comments. */
  code: string;
}

const sources = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map(readSource);

describe('The import table', () => {
  it('lists every room', () => {
    expect(sources.filter((source) => !(source.room in TABLE)).map((source) => source.path)).toEqual([]);
  });

  it.each(Object.keys(TABLE))('is followed in %s', (room) => {
    const inside = sources.filter((source) => source.room === room);
    expect(violations(inside, (source, imported) => !allows(source, imported))).toEqual([]);
  });

  it.each(Object.keys(FOLDERS))('is followed between the folders of %s', (room) => {
    const inside = sources.filter((source) => source.room === room);
    const folders = FOLDERS[room] ?? {};
    expect([...new Set(inside.map(({ path }) => folderOf(room, path)))].toSorted()).toEqual(
      Object.keys(folders).toSorted(),
    );
    const forbidden = (source: Source, imported: Import) => {
      const target = pathOf(source, imported);
      if (target === null || nameRoom(target) !== room) return false;
      const [from, to] = [folderOf(room, source.path), folderOf(room, target)];
      return from !== to && !folders[from]?.includes(to);
    };
    expect(violations(inside, forbidden)).toEqual([]);
  });

  it('allows no import cycles, including imports of types', () => {
    const targets = new Map(
      sources.map((source) => [source.path, source.imports.flatMap((imported) => pathOf(source, imported) ?? [])]),
    );
    expect(findCycles(targets)).toEqual([]);
  });

  it('allows values of deps.ts only in the command line', () => {
    const outside = sources.filter((source) => source.room !== 'cli');
    expect(violations(outside, (source, imported) => !imported.type && roomOf(source, imported) === 'deps')).toEqual(
      [],
    );
  });
});

describe('The pure rooms', () => {
  const pure = sources.filter((source) => PURE.includes(source.room));

  it.each([
    ['no clock', /\bDate\.now\b|\bnew Date\(\)|\bperformance\.|\bsetTimeout\b|\bsetInterval\b/],
    ['no randomness', /\bMath\.random\b|\bcrypto\./],
    ['no process and no network', /\bprocess\.|\bfetch\(|\bglobalThis\b/],
    ['no dynamic import', /\bimport\(/],
  ])('use %s', (_, forbidden) => {
    expect(pure.filter((source) => forbidden.test(source.code)).map((source) => source.path)).toEqual([]);
  });
});

describe('The process environment', () => {
  it('is read only by config.ts; the command line passes it on', () => {
    const mentions = sources.filter((source) => source.path !== 'config.ts' && /\bprocess\.env\b/.test(source.code));
    const readers = mentions.filter(
      (source) => source.room !== 'cli' || /process\.env\s*[.[]|\}\s*=\s*process\.env/.test(source.code),
    );
    expect(readers.map((source) => source.path)).toEqual([]);
  });
});

describe('Child processes', () => {
  it('are never started from one command string', () => {
    const spawning = sources.filter((source) =>
      source.imports.some((imported) => imported.target === 'node:child_process'),
    );
    const strings = /\bexec(Sync)?\b[^;]*from 'node:child_process'|\bshell: *[^f\s]|\* as/;
    expect(spawning.filter((source) => strings.test(source.code)).map((source) => source.path)).toEqual([]);
  });
});

describe('Files', () => {
  const paths = sources.map((source) => source.path);

  it('are in a room or in a folder of a room', () => {
    const place = /^(adapters\/[^/]+\/|[^/]+\/)?([^/]+\/)?[^/]+$/;
    expect(paths.filter((path) => !place.test(path) || /^adapters\/[^/]+$/.test(path))).toEqual([]);
  });

  it(`are at most ${MAX_FILES} in a folder`, () => {
    const folders = Map.groupBy(paths, (path) => dirname(path));
    expect([...folders].filter(([, files]) => files.length > MAX_FILES).map(([folder]) => folder)).toEqual([]);
  });

  it('are named in kebab-case', () => {
    expect(paths.filter((path) => !/^([a-z0-9]+(-[a-z0-9]+)*\/)*[a-z0-9]+(-[a-z0-9]+)*\.ts$/.test(path))).toEqual([]);
  });

  it('are neither barrels nor buckets', () => {
    const bucket = /(^|\/)(index|utils?|helpers?|common|lib|types?|constants?|misc|shared)(\/|\.ts$)/;
    expect(paths.filter((path) => bucket.test(path))).toEqual([]);
    const barrels = sources.filter((source) => source.path !== 'deps.ts' && /^export (type )?\*/m.test(source.code));
    expect(barrels.map((source) => source.path)).toEqual([]);
  });

  it('have no default exports', () => {
    expect(
      sources.filter((source) => /^export default\b|\bas default\b/m.test(source.code)).map((source) => source.path),
    ).toEqual([]);
  });
});

function violations(among: Source[], breaks: (source: Source, imported: Import) => boolean): string[] {
  return among.flatMap((source) =>
    source.imports
      .filter((imported) => breaks(source, imported))
      .map(({ type, target }) => `${source.path} imports ${type ? 'a type of ' : ''}${target}`),
  );
}

/** Files that import themselves through other files. */
function findCycles(targets: Map<string, string[]>): string[] {
  return [...targets.keys()].filter((start) => {
    const reached = new Set(targets.get(start));
    for (const path of reached) for (const next of targets.get(path) ?? []) reached.add(next);
    return reached.has(start);
  });
}

function allows(source: Source, imported: Import): boolean {
  const rule = TABLE[source.room];
  if (rule === undefined) return false;
  const room = roomOf(source, imported);
  if (room === null) return allowsPackage(source.room, rule, imported.target);
  if (room === source.room || SHARED[room]?.(source.room) || rule.rooms.includes(room)) return true;
  if (imported.type && (room === 'jobs' || room === 'deps' || source.room === 'deps')) return true;
  return room.startsWith('adapters/') && rule.rooms.includes('adapters');
}

function allowsPackage(room: string, rule: Rule, target: string): boolean {
  const restricted = RESTRICTED[target];
  if (restricted !== undefined) return restricted.test(room);
  if (target.startsWith('node:')) return rule.node;
  return ['zod', ...rule.packages].some((name) =>
    name.endsWith('/') ? target.startsWith(name) : target === name || target.startsWith(`${name}/`),
  );
}

/** The room that an import belongs to; null for a package. Files outside src (package.json) may be imported everywhere. */
function roomOf(source: Source, imported: Import): string | null {
  const path = pathOf(source, imported);
  if (path === null) return null;
  return path.startsWith('..') ? source.room : nameRoom(path);
}

/** The imported file, relative to src; null for a package. */
function pathOf(source: Source, imported: Import): string | null {
  return imported.target.startsWith('.') ? relative(SRC, resolve(SRC, dirname(source.path), imported.target)) : null;
}

/** `.` for a file that is not in a folder of the room. */
function folderOf(room: string, path: string): string {
  const [first = '', ...rest] = path.slice(room.length + 1).split('/');
  return rest.length === 0 ? '.' : first;
}

function readSource(path: string): Source {
  const text = readFileSync(join(SRC, path), 'utf8');
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '');
  return { path, room: nameRoom(path), imports: readImports(code), code };
}

function nameRoom(path: string): string {
  const [first = '', second = ''] = path.split('/');
  return first === 'adapters' ? `${first}/${second}` : first.replace(/\.ts$/, '');
}

/** Statements start at the start of a line, as the formatter writes them. `import { type X }` counts as an import of a value. */
function readImports(code: string): Import[] {
  const statement = /^(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm;
  const dynamic = /\bimport\(\s*'([^']+)'/g;
  return [
    ...code.matchAll(statement).map(([, type, target = '']) => ({ type: type !== undefined, target })),
    ...code.matchAll(dynamic).map(([, target = '']) => ({ type: false, target })),
  ];
}
