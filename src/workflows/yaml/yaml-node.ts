import { isAlias, isMap, isNode, isScalar, isSeq, type Node, type Scalar } from 'yaml';
import type { Json } from '../../jobs/json.ts';
import { report, type YamlSource } from './yaml-source.ts';

/** One `key: value` of a mapping. */
export interface Entry {
  key: string;
  keyNode: Scalar;
  value: Node | null;
}

/** The entries of a mapping; empty for null. Reports any other value, under the name `what`. */
export function entriesOf(source: YamlSource, node: Node | null, what: string): Entry[] {
  const value = resolveAlias(source, node);
  if (isEmpty(value)) return [];
  if (!isMap(value)) {
    report(source, node, `${what} must be a mapping of \`key: value\` pairs`);
    return [];
  }
  return value.items.flatMap((pair) =>
    isScalar(pair.key)
      ? [{ key: String(pair.key.value), keyNode: pair.key, value: isNode(pair.value) ? pair.value : null }]
      : [],
  );
}

export function entryOf(entries: readonly Entry[], key: string): Entry | undefined {
  return entries.find((entry) => entry.key === key);
}

export function valueOf(entries: readonly Entry[], key: string): Node | null {
  return entryOf(entries, key)?.value ?? null;
}

/** The items of a list; a single value is a list of one. */
export function itemsOf(source: YamlSource, node: Node | null): Node[] {
  const value = resolveAlias(source, node);
  if (isSeq(value)) return value.items.filter(isNode);
  return value === null || isEmpty(value) ? [] : [value];
}

/** A scalar as text: null is empty, and `3.10` is the number `3.1`. Reports lists and mappings. */
export function textOf(source: YamlSource, node: Node | null, what: string): string {
  const value = resolveAlias(source, node);
  if (isEmpty(value)) return '';
  if (isScalar(value)) return String(value.value);
  report(source, node, `${what} must be a single value`);
  return '';
}

export function jsonOf(source: YamlSource, node: unknown): Json {
  const value = resolveAlias(source, isNode(node) ? node : null);
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
  return isMap(resolveAlias(source, node));
}

export function isList(source: YamlSource, node: Node | null): boolean {
  return isSeq(resolveAlias(source, node));
}

function isEmpty(node: Node | null): boolean {
  return node === null || (isScalar(node) && (node.value === null || node.value === undefined));
}

function resolveAlias(source: YamlSource, node: Node | null): Node | null {
  return isAlias(node) ? (source.aliases.get(node) ?? null) : node;
}
