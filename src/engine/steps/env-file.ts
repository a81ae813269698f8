export interface EnvFile {
  entries: [name: string, value: string][];
  /** The first syntax error, with its line; null if there is none. */
  problem: string | null;
}

/** The format of GITHUB_OUTPUT and GITHUB_ENV: `name=value`, or `name<<END`, lines, `END`. */
export function parseEnvFile(text: string): EnvFile {
  const entries: EnvFile['entries'] = [];
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    if (line === '') continue;
    const [, name = '', operator = '', rest = ''] = /^(.*?)(=|<<)(.*)$/s.exec(line) ?? [];
    if (operator === '' || name === '')
      return { entries, problem: `line ${at + 1} is neither \`name=value\` nor \`name<<END\`` };
    if (operator === '=') {
      entries.push([name, rest]);
      continue;
    }
    const end = lines.indexOf(rest, at + 1);
    if (rest === '') return { entries, problem: `line ${at + 1}: \`${name}<<\` has no delimiter` };
    if (end === -1)
      return {
        entries,
        problem: `line ${at + 1}: the line \`${rest}\`, which ends the value of \`${name}\`, is missing`,
      };
    entries.push([name, lines.slice(at + 1, end).join('\n')]);
    at = end;
  }
  return { entries, problem: null };
}

/** Variables that a step cannot set for later steps: Gantry's own, and NODE_OPTIONS, which makes node run code before an action. */
export function isReserved(name: string): boolean {
  return /^(GITHUB|RUNNER)_/i.test(name) || name.toUpperCase() === 'NODE_OPTIONS';
}

/** The format of GITHUB_PATH: one folder per line; the last is searched first. */
export function parsePathFile(text: string): string[] {
  return text
    .split(/\r?\n/)
    .filter((line) => line !== '')
    .toReversed();
}
