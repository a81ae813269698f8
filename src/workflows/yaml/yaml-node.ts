import { isAlias, isMap, isNode, isScalar, isSeq, type Node, type Scalar } from 'yaml';
import type { Json } from '../../jobs/json.ts';
import { report, type YamlSource } from './yaml-source.ts';

/** One `key: value` of a mapping. */
export interface Entry {
  key: string;
  keyNode: Scalar;
  value: Node | null;
}

/** The entries of a mapping; none for null. Anything else is reported, `what` being its name. */
export function entriesOf(source: YamlSource, node: Node | null, what: string): Entry[] {
  const value = follow(source, node);
  if (isEmpty(value)) return [];
  if (!isMap(value)) {
    report(source, node, `${what} must be written out as \`key: value\``);
    return [];
  }
  return value.items.flatMap((pair) =>
    isScalar(pair.key)
      ? [{ key: String(pair.key.value), keyNode: pair.key, value: isNode(pair.value) ? pair.value : null }]
      : [],
  );
}

/** The items of a list; a single value counts as a list of one. */
export function itemsOf(source: YamlSource, node: Node | null): Node[] {
  const value = follow(source, node);
  if (isSeq(value)) return value.items.filter(isNode);
  return value === null || isEmpty(value) ? [] : [value];
}

/** A scalar as text: `3.10` is a number and so `3.1`, null is empty. Anything else is reported. */
export function textOf(source: YamlSource, node: Node | null, what: string): string {
  const value = follow(source, node);
  if (isEmpty(value)) return '';
  if (isScalar(value)) return String(value.value);
  report(source, node, `${what} must be a single value`);
  return '';
}

export function jsonOf(source: YamlSource, node: unknown): Json {
  const value = follow(source, isNode(node) ? node : null);
  if (isSeq(value)) return value.items.map((item) => jsonOf(source, item));
  if (isMap(value))
    return Object.fromEntries(value.items.map((pair) => [String(pair.key), jsonOf(source, pair.value)]));
  if (!isScalar(value)) return null;
  const scalar = value.value;
  return typeof scalar === 'string' || typeof scalar === 'boolean' || Number.isFinite(scalar)
    ? (scalar as Json)
    : isEmpty(value)
      ? null
      : String(scalar);
}

export function isMapping(source: YamlSource, node: Node | null): boolean {
  return isMap(follow(source, node));
}

export function isList(source: YamlSource, node: Node | null): boolean {
  return isSeq(follow(source, node));
}

function isEmpty(node: Node | null): boolean {
  return node === null || (isScalar(node) && (node.value === null || node.value === undefined));
}

function follow(source: YamlSource, node: Node | null): Node | null {
  return isAlias(node) ? (source.aliases.get(node) ?? null) : node;
}
