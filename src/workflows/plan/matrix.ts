import { equals } from '@actions/expressions/result';
import type { Json, JsonObject } from '../../jobs/json.ts';
import { fromJson } from '../expressions/expression-data.ts';

/** One job of a matrix. `labels` are the values to show in its name; they lack those that `include` added. */
export interface MatrixCell {
  values: JsonObject;
  labels: string[];
}

/** GitHub's limit. */
const MAX_CELLS = 256;
/** Combinations before `exclude` is applied. */
const MAX_COMBINATIONS = 10_000;

/** The cells of an evaluated `strategy.matrix` in GitHub's order, or why there are none. */
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
  if (cells.length === 0) return { problem: 'The matrix has no jobs' };
  if (cells.length > MAX_CELLS) return { problem: `The matrix has ${cells.length} jobs; the limit is ${MAX_CELLS}` };
  return { cells };
}

function problemOf(vectors: JsonObject, excludes: JsonObject[]): string | null {
  let size = 1;
  for (const [name, values] of Object.entries(vectors)) {
    if (!Array.isArray(values)) return `The matrix key \`${name}\` must be a list`;
    if (values.length === 0) return `The matrix key \`${name}\` is an empty list`;
    size *= values.length;
  }
  const most = excludes.length > 0 ? MAX_COMBINATIONS : MAX_CELLS;
  if (size > most) return `The matrix has ${size} jobs; the limit is ${MAX_CELLS}`;
  const names = lower(vectors);
  for (const key of excludes.flatMap(Object.keys))
    if (!names.has(key.toLowerCase())) return `\`exclude\` uses \`${key}\`, which is not a key of the matrix`;
  return null;
}

/** The last key varies fastest. */
function combine(vectors: JsonObject): JsonObject[] {
  const entries = Object.entries(vectors);
  if (entries.length === 0) return [];
  return entries.reduce<JsonObject[]>(
    (combinations, [name, values]) =>
      combinations.flatMap((combination) => (values as Json[]).map((value) => ({ ...combination, [name]: value }))),
    [{}],
  );
}

/** An `include` extends every combination that it does not contradict. If it contradicts all, it becomes another cell. */
function withIncludes(combinations: JsonObject[], includes: JsonObject[], vectors: JsonObject): MatrixCell[] {
  const names = lower(vectors);
  const used = new Set<JsonObject>();
  const split = includes.map((include) => ({
    include,
    filter: pick(include, (key) => names.has(key.toLowerCase())),
    extra: pick(include, (key) => !names.has(key.toLowerCase())),
  }));
  const cells = combinations.map((values) => {
    const matching = split.filter(({ filter }) => matches(filter, values));
    for (const { include } of matching) used.add(include);
    const cell = cellOf(values);
    return { ...cell, values: Object.assign({ ...cell.values }, ...matching.map(({ extra }) => extra)) as JsonObject };
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

/** Compares leaves as expressions do: case-insensitive, and `'20'` equals 20. */
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
