import { GitError, type GitErrorCode } from './git.ts';

/** Git reports failures only as text, in English because of LC_ALL. The first match decides. */
const PATTERNS: [GitErrorCode, RegExp][] = [
  ['denied', /returned error: 40[13]|Authentication failed|could not read (Username|Password)|Permission denied/i],
  ['not_found', /returned error: 404|repository '.*' not found|Repository not found|not a git repository/i],
  ['not_found', /couldn't find remote ref|not our ref|unadvertised object|no such remote ref/i],
  ['unreachable', /Could not resolve|Failed to connect|unable to access|timed out|Connection (refused|reset)/i],
  ['unreachable', /early EOF|hung up|unexpected disconnect|RPC failed|Operation too slow|returned error: (429|5\d\d)/i],
];

export function failureOf(what: string, stderr: string): GitError {
  const code = PATTERNS.find(([, pattern]) => pattern.test(stderr))?.[0] ?? 'failed';
  return new GitError(code, `${what}: ${lastLines(stderr)}`);
}

function lastLines(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => /^(fatal|error|remote): ?\S/.test(line));
  const last = (lines.length > 0 ? lines : stderr.trim().split('\n')).slice(-3).join('; ');
  return last === '' ? 'git printed no error' : last;
}
