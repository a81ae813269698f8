import { UserError } from '../user-error.ts';

/** The inputs of gantry/build. */
export interface BuildInputs {
  context: string;
  /** Path of the Dockerfile in the workspace. */
  file: string;
  tags: string[];
  build_args: Record<string, string>;
  labels: Record<string, string>;
  target: string | null;
  push: boolean;
}

export function parseBuildInputs(given: Record<string, string>): BuildInputs {
  const context = given.context || '.';
  const tags = (given.tags ?? '').split(/[\n,]/).map((tag) => tag.trim());
  const inputs = {
    context,
    file: given.file || `${context.replace(/\/+$/, '')}/Dockerfile`,
    tags: tags.filter((tag) => tag !== ''),
    build_args: parsePairs('build-args', given['build-args'] ?? ''),
    labels: parsePairs('labels', given.labels ?? ''),
    target: given.target || null,
    push: given.push?.toLowerCase() === 'true',
  };
  for (const tag of inputs.tags)
    if (isReserved(tag)) throw new UserError(`the tag \`${tag}\` is not allowed: its name is reserved for Gantry`);
  if (inputs.push && inputs.tags.length === 0) throw new UserError('`push: true` needs `tags`, the names to push');
  return inputs;
}

/** One `NAME=value` per line; further `=` belong to the value. */
function parsePairs(input: string, text: string): Record<string, string> {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf('=');
      if (at < 1) throw new UserError(`\`${input}\`: \`${line.trim()}\` is not of the form NAME=value`);
      return [line.slice(0, at).trim(), line.slice(at + 1)];
    }),
  );
}

/** Names of releases, of builds and of the default job image: with such a tag a job could replace another's image. */
function isReserved(tag: string): boolean {
  const name = tag.replace(/^(index\.)?docker\.io\//, '').replace(/(:[^/]*)?(@.*)?$/, '');
  return name === 'gantry/runner' || name.startsWith('gantry-release/') || name.startsWith('gantry-build/');
}
