import { data, wellKnownFunctions } from '@actions/expressions';
import type { FunctionCall } from '@actions/expressions/ast';
import type { FunctionDefinition } from '@actions/expressions/funcs/info';
import type { Json } from '../../jobs/json.ts';
import type { PriorStatus } from '../../jobs/run/advance.ts';
import { fromJson, toJson } from './expression-data.ts';
import { ExpressionError } from './expression-error.ts';

/** Functions that are available only in some places of a workflow. */
export interface ExpressionFunctions {
  /** Hashes the files of the workspace that match; without it, `hashFiles()` is an error. */
  hash_files?: (patterns: string[]) => string;
  /** The result so far; without it, success() and the other status functions are errors. */
  status?: PriorStatus;
}

export const STATUS_FUNCTIONS = ['success', 'failure', 'cancelled', 'always'] as const;

/** Characters of one value. Nested calls of format() grow exponentially. */
const MAX_LENGTH = 4 * 1024 * 1024;

/** GitHub's functions, limited or replaced where hostile input could exhaust memory, and those in `functions`. */
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
      call: () => new data.BooleanData(statusIs(name, status)),
    })),
    { name: 'hashfiles', minArgs: 1, maxArgs: 255, call: (...patterns) => hash(patterns, hash_files) },
  ];
}

const NAMES = new Set(functionsFor({}).map((known) => known.name.toLowerCase()));

/** GitHub's parser looks names up in a plain object, so it accepts `constructor()`. */
export function checkCall(call: FunctionCall): void {
  if (!NAMES.has(call.functionName.lexeme.toLowerCase()))
    throw new ExpressionError(`Unrecognized function: '${call.functionName.lexeme}'`);
}

function wellKnown(name: string): FunctionDefinition {
  const known = wellKnownFunctions[name];
  if (known === undefined) throw new ExpressionError(`Unknown function: ${name}`);
  return known;
}

/** `estimate` computes an upper bound of the result's length before the call. */
function limited(
  estimate: ((args: data.ExpressionData[]) => number) | null,
  call: FunctionDefinition['call'],
): FunctionDefinition['call'] {
  return (...args) => {
    if (estimate !== null && estimate(args) > MAX_LENGTH) throw tooLarge();
    const result = call(...args);
    if (result.coerceString().length > MAX_LENGTH) throw tooLarge();
    return result;
  };
}

function tooLarge(): ExpressionError {
  return new ExpressionError('The value of an expression is longer than 4 million characters');
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
  if (input.trim() === '') throw new ExpressionError('fromJSON: the argument is empty');
  try {
    const value: Json = JSON.parse(input);
    return value;
  } catch (error) {
    throw new ExpressionError('fromJSON: the argument is not valid JSON', { cause: error });
  }
}

function statusIs(name: (typeof STATUS_FUNCTIONS)[number], status: PriorStatus | undefined): boolean {
  if (status === undefined) throw new ExpressionError(`${name}() may only be used in \`if\``);
  if (name === 'always') return true;
  return { success: 'succeeded', failure: 'failed', cancelled: 'cancelled' }[name] === status;
}

function hash(patterns: data.ExpressionData[], hash_files: ExpressionFunctions['hash_files']): data.ExpressionData {
  if (hash_files === undefined) throw new ExpressionError('hashFiles() may only be used in steps');
  return new data.StringData(hash_files(patterns.map((pattern) => pattern.coerceString())));
}
