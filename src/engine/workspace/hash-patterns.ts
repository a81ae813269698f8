import { compileGlob } from '../../workflows/glob.ts';
import { WORKSPACE } from '../steps/step-environment.ts';
import { UserError } from '../user-error.ts';

/** Which files of the workspace a call of hashFiles() means; paths are relative to it. */
export interface FilePatterns {
  matches(path: string): boolean;
  /** Whether a file below this folder could be meant. */
  reaches(folder: string): boolean;
}

interface Rule {
  excludes: boolean;
  matches: (path: string) => boolean;
  /** The folders that the pattern begins with, as they are called. */
  start: string;
}

/**
 * GitHub's rules: a pattern a line or an argument, `#` begins a comment, `!` excludes, and what matches last decides. A folder means all
 * that is in it. Hidden files are files like any other; what lies outside the workspace is not looked for.
 */
export function parseFilePatterns(texts: readonly string[]): FilePatterns {
  const lines = texts.flatMap((text) => text.split(/\r?\n/)).map((line) => line.trim());
  const rules = lines.filter((line) => line !== '' && !line.startsWith('#')).flatMap(toRule);
  const starts = rules.filter(({ excludes }) => !excludes).map(({ start }) => start);
  return {
    matches: (path) => rules.findLast((rule) => rule.matches(path))?.excludes === false,
    reaches: (folder) => starts.some((start) => start === '' || isIn(folder, start) || isIn(start, folder)),
  };
}

/** None for a pattern that means nothing in the workspace. */
function toRule(line: string): Rule[] {
  const [bangs = ''] = /^(!\s*)*/.exec(line) ?? [];
  const pattern = withinWorkspace(line.slice(bangs.length));
  if (pattern === null) return [];
  const names = pattern.split('/').filter((name) => name !== '');
  if (names.some((name, at) => name === '..' || (name === '.' && at > 0)))
    throw new UserError(`hashFiles(): \`.\` and \`..\` are not allowed in the pattern \`${line}\``);
  const path = names.filter((name) => name !== '.').map(translated);
  const globs = [...(pattern.endsWith('/') ? [] : [path]), [...path, '**']].map((parts) => {
    const glob = compileGlob(parts.join('/'));
    if (glob === null)
      throw new UserError(`hashFiles(): \`${line}\` is no pattern: a \`[\` is not closed, or it is too long`);
    return glob;
  });
  return [
    {
      excludes: bangs.replaceAll(/\s/g, '').length % 2 === 1,
      matches: (text) => globs.some((glob) => glob(text)),
      start: startOf(names.filter((name) => name !== '.')),
    },
  ];
}

function withinWorkspace(pattern: string): string | null {
  if (pattern === WORKSPACE || pattern.startsWith(`${WORKSPACE}/`)) return pattern.slice(WORKSPACE.length + 1);
  return pattern.startsWith('/') || pattern === '~' || pattern.startsWith('~/') ? null : pattern;
}

/** A name in the language of file patterns as one in that of filters, where `?` and `+` mean what came before them. */
function translated(name: string): string {
  if (name === '**') return name;
  if (/(^|[^\\])\[[!^]/.test(name)) throw new UserError(`hashFiles(): \`[!...]\` is not supported, in \`${name}\``);
  return name.replaceAll(/\\.|\[[^\]]+\]|\*+|[?+]/g, (part) => {
    if (part.startsWith('*')) return '*';
    if (part === '?') return ANY_BUT_SLASH;
    return part === '+' ? '\\+' : part;
  });
}

const ANY_BUT_SLASH = '[\0-.0-\uffff]';

function startOf(names: readonly string[]): string {
  const end = names.findIndex((name) => /[*?[\\]/.test(name));
  return names.slice(0, end === -1 ? undefined : end).join('/');
}

function isIn(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}
