import { equals } from '@actions/expressions/result';
import type { Json, JsonObject } from '../../jobs/json.ts';
import { fromJson } from '../expressions/expression-data.ts';

/** One job of a matrix; `labels` are the values of its own keys, without what `include` added. */
export interface MatrixCell {
  values: JsonObject;
  labels: string[];
}

/** GitHub's limit. */
const MOST_CELLS = 256;
/** Combinations that are looked at before `exclude` takes some away. */
const MOST_COMBINATIONS = 10_000;

/** The jobs that an evaluated `strategy.matrix` comes to, in GitHub's order, or why it comes to none. */
export function expandMatrix(matrix: Json): { cells: MatrixCell[] } | { problem: string } {
  if (!isObject(matrix)) return { problem: '`matrix` must be a mapping of names to lists' };
  const { include, exclude, ...vectors } = matrix;
  const includes = filters(include);
  const excludes = filters(exclude);
  if (includes === null || excludes === null)
    return { problem: '`include` and `exclude` of a matrix must be lists of mappings' };
  const problem = problemOf(vectors, excludes);
  if (problem !== null) return { problem };
  const combinations = combine(vectors).filter((values) => !excludes.some((filter) => matches(filter, values)));
  const cells = include === undefined ? combinations.map(cellOf) : withIncludes(combinations, includes, vectors);
  if (cells.length === 0) return { problem: 'The matrix comes to no job at all' };
  if (cells.length > MOST_CELLS)
    return { problem: `The matrix comes to ${cells.length} jobs; there may be at most ${MOST_CELLS}` };
  return { cells };
}

function problemOf(vectors: JsonObject, excludes: JsonObject[]): string | null {
  let size = 1;
  for (const [name, values] of Object.entries(vectors)) {
    if (!Array.isArray(values)) return `\`${name}\` of the matrix must be a list`;
    if (values.length === 0) return `\`${name}\` of the matrix is empty`;
    size *= values.length;
  }
  const most = excludes.length > 0 ? MOST_COMBINATIONS : MOST_CELLS;
  if (size > most) return `The matrix comes to ${size} jobs; there may be at most ${MOST_CELLS}`;
  const names = lower(vectors);
  for (const key of excludes.flatMap(Object.keys))
    if (!names.has(key.toLowerCase())) return `\`exclude\` speaks of \`${key}\`, which is no key of the matrix`;
  return null;
}

/** The last key changes fastest. */
function combine(vectors: JsonObject): JsonObject[] {
  const entries = Object.entries(vectors);
  if (entries.length === 0) return [];
  return entries.reduce<JsonObject[]>(
    (combinations, [name, values]) =>
      combinations.flatMap((combination) => (values as Json[]).map((value) => ({ ...combination, [name]: value }))),
    [{}],
  );
}

/** An `include` adds to every combination that it does not contradict; one that fits none is a job of its own. */
function withIncludes(combinations: JsonObject[], includes: JsonObject[], vectors: JsonObject): MatrixCell[] {
  const names = lower(vectors);
  const used = new Set<JsonObject>();
  const split = includes.map((include) => ({
    include,
    filter: pick(include, (key) => names.has(key.toLowerCase())),
    extra: pick(include, (key) => !names.has(key.toLowerCase())),
  }));
  const cells = combinations.map((values) => {
    const fitting = split.filter(({ filter }) => matches(filter, values));
    for (const { include } of fitting) used.add(include);
    const cell = cellOf(values);
    return { ...cell, values: Object.assign({ ...cell.values }, ...fitting.map(({ extra }) => extra)) as JsonObject };
  });
  return [...cells, ...includes.filter((include) => !used.has(include)).map(cellOf)];
}

function cellOf(values: JsonObject): MatrixCell {
  return {
    values,
    labels: Object.values(values)
      .flatMap(leaves)
      .filter((label) => label !== ''),
  };
}

function leaves(value: Json): string[] {
  if (value === null) return [];
  if (typeof value === 'object') return Object.values(value).flatMap(leaves);
  return [fromJson(value).coerceString()];
}

/** Each leaf equals as expressions compare: without case, `'20'` and 20 alike. */
function matches(filter: Json, value: Json): boolean {
  if (filter === null || typeof filter !== 'object') return equals(fromJson(value), fromJson(filter));
  const found = value !== null && typeof value === 'object' ? lower(value as JsonObject) : new Map<string, Json>();
  return Object.entries(filter).every(([key, item]) => matches(item, found.get(key.toLowerCase()) ?? null));
}

function filters(value: Json | undefined): JsonObject[] | null {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) && value.every(isObject) ? value.filter(isObject) : null;
}

function pick(object: JsonObject, wanted: (key: string) => boolean): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => wanted(key)));
}

function lower(object: JsonObject): Map<string, Json> {
  return new Map(Object.entries(object).map(([key, value]) => [key.toLowerCase(), value]));
}

function isObject(value: Json): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
