import { GitError, type GitErrorCode } from './git.ts';

/** Git tells its failures apart in words only; LC_ALL keeps them the same words everywhere. The first that fits decides. */
const SIGNS: [GitErrorCode, RegExp][] = [
  ['denied', /returned error: 40[13]|Authentication failed|could not read (Username|Password)|Permission denied/i],
  ['not_found', /returned error: 404|repository '.*' not found|Repository not found|not a git repository/i],
  ['not_found', /couldn't find remote ref|not our ref|unadvertised object|no such remote ref/i],
  ['unreachable', /Could not resolve|Failed to connect|unable to access|timed out|Connection (refused|reset)/i],
  ['unreachable', /early EOF|hung up|unexpected disconnect|RPC failed|Operation too slow|returned error: (429|5\d\d)/i],
];

export function failureOf(what: string, said: string): GitError {
  const code = SIGNS.find(([, sign]) => sign.test(said))?.[0] ?? 'failed';
  return new GitError(code, `${what}: ${lastWords(said)}`);
}

function lastWords(said: string): string {
  const lines = said.split('\n').filter((line) => /^(fatal|error|remote): ?\S/.test(line));
  const words = (lines.length > 0 ? lines : said.trim().split('\n')).slice(-3).join('; ');
  return words === '' ? 'git gave no reason' : words;
}
