import { type Alias, type Document, isNode, type LineCounter, type Node } from 'yaml';
import type { Annotation } from '../../jobs/run/annotation.ts';

/** A parsed file, with the problems found in it so far. */
export interface YamlSource {
  path: string;
  text: string;
  document: Document;
  lines: LineCounter;
  /** The node that each alias refers to. */
  aliases: Map<Alias, Node>;
  problems: Annotation[];
}

/** A position in a file; line and column count from 1. */
export interface Place {
  line: number;
  column: number;
}

/** Per file: GitHub accepts 50 annotations in one request. */
export const MAX_PROBLEMS = 50;

export function hasFailed(source: YamlSource): boolean {
  return source.problems.some((problem) => problem.level === 'failure');
}

/** Sorted by position. */
export function annotationsOf(source: YamlSource): Annotation[] {
  return source.problems.toSorted((a, b) => a.line - b.line || a.column - b.column).slice(0, MAX_PROBLEMS);
}

export function report(source: YamlSource, node: unknown, message: string, level?: Annotation['level']): void {
  reportPlace(source, placeOf(source, node), message, level);
}

export function reportPlace(
  source: YamlSource,
  place: Place,
  message: string,
  level: Annotation['level'] = 'failure',
): void {
  source.problems.push({ path: source.path, line: place.line, column: place.column, level, message });
}

export function placeOf(source: YamlSource, node: unknown): Place {
  return placeAt(source, offsetOf(node));
}

export function placeAt(source: YamlSource, offset: number): Place {
  const { line, col } = source.lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

function offsetOf(node: unknown): number {
  return isNode(node) ? (node.range?.[0] ?? 0) : 0;
}

/** Turns any error of a parser into an annotation, so that one file does not affect the others. */
export function parserFailure(path: string, error: unknown): Annotation {
  const reason = error instanceof RangeError ? 'it is nested too deeply' : String(error);
  return { path, line: 1, column: 1, level: 'failure', message: `The file cannot be read: ${reason}` };
}
