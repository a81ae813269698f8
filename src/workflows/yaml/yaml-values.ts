import { type Alias, isAlias, isCollection, isNode, isPair, isScalar, type Node } from 'yaml';
import { report, type YamlSource } from './yaml-source.ts';

/** Values once aliases are followed: a large workflow has some thousand, a bomb millions. */
const VALUES = 50_000;
const ALIASES = 1_000;

interface Count {
  source: YamlSource;
  anchors: Map<string, Node>;
  /** Values in what an anchor names; null while they are being counted. */
  sizes: Map<Node, number | null>;
}

/** Follows the aliases, and refuses what YAML can say and we do not read: repeated keys, tags, aliases in a circle or in masses. */
export function checkValues(source: YamlSource): void {
  const size = sizeOf({ source, anchors: new Map(), sizes: new Map() }, source.document.contents);
  if (size > VALUES)
    report(source, source.document.contents, 'The file holds too many values once aliases are followed');
}

/** In the order of the file, for an anchor may be set again. */
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
  if (target === undefined) report(source, alias, `No value above is marked with &${alias.source}`);
  else if (size === null) report(source, alias, `The value marked with &${alias.source} holds itself`);
  else if (source.aliases.size === ALIASES) report(source, alias, 'More than 1,000 aliases');
  if (target !== undefined) source.aliases.set(alias, target);
  return size ?? 1;
}

function checkKeys(source: YamlSource, items: unknown[]): void {
  const seen = new Set<string>();
  for (const item of items) {
    if (!isPair(item) || !isScalar(item.key)) continue;
    const key = String(item.key.value);
    if (seen.has(key)) report(source, item.key, `\`${key}\` is already there: a key may stand only once`);
    seen.add(key);
  }
}
