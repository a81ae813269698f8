import { data, wellKnownFunctions } from '@actions/expressions';
import type { FunctionCall } from '@actions/expressions/ast';
import type { FunctionDefinition } from '@actions/expressions/funcs/info';
import type { Json } from '../../jobs/json.ts';
import { fromJson, toJson } from './expression-data.ts';
import { ExpressionError } from './expression-error.ts';

/** What an expression's place adds to GitHub's functions. */
export interface ExpressionFunctions {
  /** The hash over the workspace's files that match; without it `hashFiles()` is an error. */
  hash_files?: (patterns: string[]) => string;
  /** How it went so far; without it success() and its like are errors. */
  status?: Status;
}

export type Status = 'succeeded' | 'failed' | 'cancelled' | 'skipped';

export const STATUS_FUNCTIONS = ['success', 'failure', 'cancelled', 'always'] as const;

/** Characters of one value: nested format() calls double it at each level. */
const LARGEST = 4 * 1024 * 1024;

/** GitHub's functions where they are safe on hostile input, ours where they are not, and the ones bound to a place. */
export function functionsFor(functions: ExpressionFunctions): FunctionDefinition[] {
  const { status, hash_files } = functions;
  return [
    ...['case', 'contains', 'endswith', 'startswith'].map(wellKnown),
    { ...wellKnown('format'), call: limited(formatSize, wellKnown('format').call) },
    { ...wellKnown('join'), call: limited(joinSize, wellKnown('join').call) },
    { ...wellKnown('tojson'), call: limited(null, (value) => new data.StringData(print(value))) },
    { ...wellKnown('fromjson'), call: (text) => fromJson(read(text)) },
    ...STATUS_FUNCTIONS.map((name) => ({
      name,
      minArgs: 0,
      maxArgs: 0,
      call: () => new data.BooleanData(holds(name, status)),
    })),
    { name: 'hashfiles', minArgs: 1, maxArgs: 255, call: (...patterns) => hash(patterns, hash_files) },
  ];
}

const NAMES = new Set(functionsFor({}).map((known) => known.name.toLowerCase()));

/** GitHub's parser looks names up on a plain object, so that it takes `constructor()` for a function. */
export function checkCall(call: FunctionCall): void {
  if (!NAMES.has(call.functionName.lexeme.toLowerCase()))
    throw new ExpressionError(`Unrecognized function: '${call.functionName.lexeme}'`);
}

function wellKnown(name: string): FunctionDefinition {
  const known = wellKnownFunctions[name];
  if (known === undefined) throw new ExpressionError(`The function ${name} is not there`);
  return known;
}

/** `estimate` says beforehand how many characters the call can make at most. */
function limited(
  estimate: ((args: data.ExpressionData[]) => number) | null,
  call: FunctionDefinition['call'],
): FunctionDefinition['call'] {
  return (...args) => {
    if (estimate !== null && estimate(args) > LARGEST) throw tooLarge();
    const result = call(...args);
    if (result.coerceString().length > LARGEST) throw tooLarge();
    return result;
  };
}

function tooLarge(): ExpressionError {
  return new ExpressionError('The value of an expression holds more than 4 million characters');
}

function formatSize([template, ...values]: data.ExpressionData[]): number {
  const text = template?.coerceString() ?? '';
  const longest = Math.max(0, ...values.map((value) => value.coerceString().length));
  return text.length + (text.split('{').length - 1) * longest;
}

function joinSize([list, separator]: data.ExpressionData[]): number {
  if (!(list instanceof data.Array)) return 0;
  const between = separator?.coerceString().length ?? 1;
  return list.values().reduce((size, item) => size + item.coerceString().length + between, 0);
}

function print(value: data.ExpressionData | undefined): string {
  return JSON.stringify(value === undefined ? null : toJson(value), null, 2);
}

function read(text: data.ExpressionData | undefined): Json {
  const input = text?.coerceString() ?? '';
  if (input.trim() === '') throw new ExpressionError('fromJSON was given nothing to read');
  try {
    const value: Json = JSON.parse(input);
    return value;
  } catch (error) {
    throw new ExpressionError('fromJSON was given text that is not JSON', { cause: error });
  }
}

function holds(name: (typeof STATUS_FUNCTIONS)[number], status: Status | undefined): boolean {
  if (status === undefined) throw new ExpressionError(`${name}() may only be used in \`if\``);
  if (name === 'always') return true;
  return { success: 'succeeded', failure: 'failed', cancelled: 'cancelled' }[name] === status;
}

function hash(patterns: data.ExpressionData[], hash_files: ExpressionFunctions['hash_files']): data.ExpressionData {
  if (hash_files === undefined) throw new ExpressionError('hashFiles() may only be used in steps');
  return new data.StringData(hash_files(patterns.map((pattern) => pattern.coerceString())));
}
