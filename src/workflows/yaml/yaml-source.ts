import { type Alias, type Document, isNode, type LineCounter, type Node } from 'yaml';
import type { Annotation } from '../../jobs/run/annotation.ts';

/** A file that is being read, and what was found wrong with it so far. */
export interface YamlSource {
  path: string;
  text: string;
  document: Document;
  lines: LineCounter;
  /** What each alias stands for. */
  aliases: Map<Alias, Node>;
  problems: Annotation[];
}

/** Where something stands in a file; both count from 1. */
export interface Place {
  line: number;
  column: number;
}

/** Annotations of one file; GitHub takes 50 at once. */
export const MOST_PROBLEMS = 50;

export function hasFailed(source: YamlSource): boolean {
  return source.problems.some((problem) => problem.level === 'failure');
}

/** In the order of the file. */
export function annotationsOf(source: YamlSource): Annotation[] {
  return source.problems.toSorted((a, b) => a.line - b.line || a.column - b.column).slice(0, MOST_PROBLEMS);
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

/** The parsers are not ours: whatever they throw on some text is that file's failure and nobody else's. */
export function unreadable(path: string, error: unknown): Annotation {
  const reason = error instanceof RangeError ? 'it is nested too deeply' : String(error);
  return { path, line: 1, column: 1, level: 'failure', message: `The file cannot be read: ${reason}` };
}
