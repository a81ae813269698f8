import { type Alias, isAlias, isCollection, isNode, isPair, isScalar, type Node } from 'yaml';
import { report, type YamlSource } from './yaml-source.ts';

/** Values after aliases are resolved: a large workflow has a few thousand, an alias bomb millions. */
const MAX_VALUES = 50_000;
const MAX_ALIASES = 1_000;

interface Count {
  source: YamlSource;
  anchors: Map<string, Node>;
  /** The number of values inside a node; null while it is being counted. */
  sizes: Map<Node, number | null>;
}

/** Resolves the aliases. Reports duplicate keys, tags, and aliases that are recursive or too many. */
export function checkValues(source: YamlSource): void {
  const size = sizeOf({ source, anchors: new Map(), sizes: new Map() }, source.document.contents);
  if (size > MAX_VALUES)
    report(source, source.document.contents, 'The file has too many values after aliases are resolved');
}

/** Visits nodes in the order of the file, because an anchor can be redefined. */
function sizeOf(count: Count, node: unknown): number {
  if (!isNode(node)) return 1;
  if (isAlias(node)) return sizeOfAlias(count, node);
  if (node.tag !== undefined) report(count.source, node, 'Tags (`!!`) are not supported');
  if (node.anchor !== undefined) count.anchors.set(node.anchor, node);
  if (!isCollection(node)) return 1;
  count.sizes.set(node, null);
  checkKeys(count.source, node.items);
  let size = 1;
  for (const item of node.items) size += isPair(item) ? 1 + sizeOf(count, item.value) : sizeOf(count, item);
  count.sizes.set(node, size);
  return size;
}

function sizeOfAlias({ source, anchors, sizes }: Count, alias: Alias): number {
  const target = anchors.get(alias.source);
  const size = target === undefined ? undefined : (sizes.get(target) ?? (isCollection(target) ? null : 1));
  if (target === undefined) report(source, alias, `Unknown alias: no value above has the anchor &${alias.source}`);
  else if (size === null) report(source, alias, `The value with the anchor &${alias.source} contains itself`);
  else if (source.aliases.size === MAX_ALIASES) report(source, alias, 'The file has more than 1,000 aliases');
  if (target !== undefined) source.aliases.set(alias, target);
  return size ?? 1;
}

function checkKeys(source: YamlSource, items: unknown[]): void {
  const seen = new Set<string>();
  for (const item of items) {
    if (!isPair(item) || !isScalar(item.key)) continue;
    const key = String(item.key.value);
    if (seen.has(key)) report(source, item.key, `Duplicate key \`${key}\``);
    seen.add(key);
  }
}
