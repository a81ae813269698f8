import { compileGlob } from '../../workflows/glob.ts';
import { UserError } from '../user-error.ts';
import { WORKSPACE } from './job-folder.ts';

/** Which files a call of hashFiles() matches; paths are relative to the workspace. */
export interface FilePatterns {
  matches(path: string): boolean;
  /** Whether a file below this folder could match. */
  reaches(folder: string): boolean;
}

interface Rule {
  excludes: boolean;
  matches: (path: string) => boolean;
  /** The folders at the start of the pattern that contain no wildcard. */
  start: string;
}

/**
 * GitHub's rules: one pattern per line or argument, `#` begins a comment, `!` excludes, and the last match decides. A folder matches
 * everything in it, hidden files included. Patterns outside the workspace match nothing.
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

/** Empty for a pattern outside the workspace. */
function toRule(line: string): Rule[] {
  const [bangs = ''] = /^(!\s*)*/.exec(line) ?? [];
  const pattern = withinWorkspace(line.slice(bangs.length));
  if (pattern === null) return [];
  const names = pattern.split('/').filter((name) => name !== '');
  if (names.some((name, at) => name === '..' || (name === '.' && at > 0)))
    throw new UserError(`hashFiles(): \`.\` and \`..\` are not allowed in the pattern \`${line}\``);
  const path = names.filter((name) => name !== '.').map(translate);
  const globs = [...(pattern.endsWith('/') ? [] : [path]), [...path, '**']].map((parts) => {
    const glob = compileGlob(parts.join('/'));
    if (glob === null)
      throw new UserError(
        `hashFiles(): invalid pattern \`${line}\`: a \`[\` is not closed, or the pattern is too long`,
      );
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

/** Translates a file pattern to a workflow filter, in which `?` and `+` are quantifiers. */
function translate(name: string): string {
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
