import type { Node } from 'yaml';
import type { z } from 'zod';
import type { Annotation } from '../../jobs/run/annotation.ts';
import { readYaml } from '../yaml/yaml-file.ts';
import { type Entry, entriesOf, entryOf, isList, isMapping, itemsOf, jsonOf } from '../yaml/yaml-node.ts';
import { annotationsOf, hasFailed, parserFailure, report, type YamlSource } from '../yaml/yaml-source.ts';
import { AppFile } from './app.ts';

export type ParsedAppFile = { app: AppFile; annotations: [] } | { app: null; annotations: Annotation[] };

/** Parses any text without throwing. Annotations point at unknown keys and invalid values. */
export function parseAppFile(path: string, text: string): ParsedAppFile {
  try {
    const source = readYaml(path, text);
    const app = hasFailed(source) ? null : readApp(source);
    return app === null ? { app, annotations: annotationsOf(source) } : { app, annotations: [] };
  } catch (error) {
    return { app: null, annotations: [parserFailure(path, error)] };
  }
}

function readApp(source: YamlSource): AppFile | null {
  const root = source.document.contents;
  if (!isMapping(source, root)) {
    report(source, root, 'The file must be a mapping with at least `app` and `processes`');
    return null;
  }
  const parsed = AppFile.safeParse(jsonOf(source, root));
  for (const issue of parsed.error?.issues ?? []) reportIssue(source, issue);
  return parsed.data ?? null;
}

function reportIssue(source: YamlSource, issue: z.core.$ZodIssue): void {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys')
    for (const key of issue.keys) report(source, keyAt(source, [...path, key]), unknownKey(path, key));
  else if (issue.code === 'invalid_key')
    report(source, keyAt(source, path), `\`${path.join('.')}\`: the name ${issue.issues[0]?.message}`);
  else report(source, valueAt(source, path), `\`${path.join('.')}\` ${problemOf(source, path, issue)}`);
}

function unknownKey(path: string[], key: string): string {
  if (path.at(-1) === 'processes') return `Unknown process \`${key}\`: Gantry supports only \`web\``;
  return path.length === 0 ? `Unknown key \`${key}\`` : `Unknown key \`${key}\` in \`${path.join('.')}\``;
}

function problemOf(source: YamlSource, path: string[], issue: z.core.$ZodIssue): string {
  if (entryAt(source, path) === null && itemAt(source, path) === null) return 'is missing';
  if (issue.code === 'invalid_type')
    return issue.message.startsWith('must') ? issue.message : `must be ${KINDS[issue.expected] ?? issue.expected}`;
  if (issue.code === 'too_small' && issue.origin !== 'array') return `must be at least ${issue.minimum}`;
  if (issue.code === 'too_big') return `must be at most ${issue.maximum}`;
  return issue.message;
}

const KINDS: Partial<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

/** The node of a value, or the closest node around it if the value is missing. */
function valueAt(source: YamlSource, path: string[]): Node | null {
  for (let length = path.length; length > 0; length--) {
    const part = path.slice(0, length);
    const entry = entryAt(source, part);
    const node = entry === null ? itemAt(source, part) : (entry.value ?? entry.keyNode);
    if (node !== null) return node;
  }
  return source.document.contents;
}

function keyAt(source: YamlSource, path: string[]): Node | null {
  return entryAt(source, path)?.keyNode ?? valueAt(source, path);
}

function entryAt(source: YamlSource, path: string[]): Entry | null {
  const parent = nodeAt(source, path.slice(0, -1));
  if (!isMapping(source, parent)) return null;
  return entryOf(entriesOf(source, parent, 'It'), path.at(-1) ?? '') ?? null;
}

function itemAt(source: YamlSource, path: string[]): Node | null {
  const parent = nodeAt(source, path.slice(0, -1));
  return isList(source, parent) ? (itemsOf(source, parent)[Number(path.at(-1))] ?? null) : null;
}

function nodeAt(source: YamlSource, path: string[]): Node | null {
  if (path.length === 0) return source.document.contents;
  return entryAt(source, path)?.value ?? itemAt(source, path);
}
