import type { Node } from 'yaml';
import type { Json } from '../../jobs/json.ts';
import { compileGlob } from '../glob.ts';
import { type Entry, entriesOf, entryOf, isMapping, itemsOf, jsonOf, textOf, valueOf } from '../yaml/yaml-node.ts';
import { report, type YamlSource } from '../yaml/yaml-source.ts';
import { type EventFilter, FILTERS, type FilterName } from './workflow.ts';

const MAX_PATTERNS = 256;

/** Reads `on`: text, a list or a mapping. Events that Gantry never receives are kept, but never match. */
export function readEvents(source: YamlSource, on: Node | null): Record<string, EventFilter> {
  if (!isMapping(source, on)) {
    const names = itemsOf(source, on).map((item) => textOf(source, item, '`on`'));
    return Object.fromEntries(names.map((name) => [name, filterOf(() => null)]));
  }
  const events = entriesOf(source, on, '`on`').map(({ key, value }) => [
    key,
    // `schedule` is a list and `workflow_dispatch` has inputs: they have no filters.
    isMapping(source, value) ? readFilter(source, entriesOf(source, value, `\`${key}\``)) : filterOf(() => null),
  ]);
  return Object.fromEntries(events);
}

/** The default values of the inputs of `workflow_dispatch`. */
export function readInputs(source: YamlSource, on: Node | null): Record<string, Json> {
  if (!isMapping(source, on)) return {};
  const dispatch = child(source, on, 'workflow_dispatch');
  if (!isMapping(source, dispatch)) return {};
  const inputs = entriesOf(source, child(source, dispatch, 'inputs'), '`inputs`');
  return Object.fromEntries(inputs.map(({ key, value }) => [key, jsonOf(source, child(source, value, 'default'))]));
}

function readFilter(source: YamlSource, entries: Entry[]): EventFilter {
  for (const name of ['branches', 'tags', 'paths']) {
    const ignored = entryOf(entries, `${name}-ignore`);
    if (ignored !== undefined && entryOf(entries, name) !== undefined)
      report(
        source,
        ignored.keyNode,
        `\`${name}\` and \`${name}-ignore\` cannot be used together: use \`!\` patterns in \`${name}\``,
      );
  }
  return filterOf((name) => {
    const entry = entryOf(entries, name);
    return entry === undefined ? null : readPatterns(source, entry);
  });
}

function readPatterns(source: YamlSource, { key, keyNode, value }: Entry): string[] {
  const items = itemsOf(source, value);
  if (items.length > MAX_PATTERNS) report(source, keyNode, `\`${key}\` has more than ${MAX_PATTERNS} patterns`);
  return items.map((item) => {
    const pattern = textOf(source, item, `\`${key}\``);
    if (key !== 'types' && compileGlob(pattern.replace(/^!/, '')) === null)
      report(source, item, `Invalid pattern \`${pattern.slice(0, 100)}\`: it has an unclosed \`[\`, or it is too long`);
    return pattern;
  });
}

function filterOf(read: (name: FilterName) => string[] | null): EventFilter {
  return Object.fromEntries(FILTERS.map((name) => [name, read(name)])) as EventFilter;
}

function child(source: YamlSource, node: Node | null, key: string): Node | null {
  return valueOf(entriesOf(source, node, `\`${key}\``), key);
}
