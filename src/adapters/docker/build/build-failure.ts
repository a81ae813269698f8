import { BuildError, DockerError } from '../docker.ts';
import { isHostTrouble } from '../engine/host-trouble.ts';
import type { BuildStatus } from './build-status.ts';

/** Remembers of a build what its failure will be told with: the step that failed and the last that it printed. */
export interface FailureRecord {
  see(status: BuildStatus): void;
  /** `words` are BuildKit's own of why the build ended. */
  toError(words: string): BuildError | DockerError;
}

export function failureRecord(): FailureRecord {
  const printed = new Map<string, string>();
  let failed: { name: string; digest: string } | null = null;
  return {
    see({ vertexes, logs }) {
      for (const { vertex, msg } of logs)
        printed.set(vertex, ((printed.get(vertex) ?? '') + Buffer.from(msg).toString()).slice(-KEPT));
      for (const { name, digest, error } of vertexes)
        if (error !== '' && !error.includes('context canceled')) failed ??= { name, digest };
    },
    toError(words) {
      const why = plain(words);
      const isCommand = failed !== null && printed.has(failed.digest);
      if (!isCommand && isHostTrouble(words)) return new DockerError('failed', `Cannot build: ${why}`);
      if (failed === null) return new BuildError(why);
      return new BuildError([`${failed.name}: ${why}`, ...lastLines(printed.get(failed.digest))].join('\n'));
    },
  };
}

const KEPT = 8_192;
const LINES = 20;

/** Without the layers of BuildKit that the words came through, and without its folders. */
function plain(words: string): string {
  return words
    .replace(
      /^(failed to solve( with frontend [^:]+)?: |failed to create LLB definition: |rpc error: code = \w+ desc = )+/,
      '',
    )
    .replace(/open \S*\/buildkit-mount\d+\//, '')
    .replace(/^executor failed running \[.*\]: /s, '')
    .replace(/^process ".*" did not complete successfully: /s, '');
}

function lastLines(text = ''): string[] {
  return text
    .trimEnd()
    .split(/\r?\n/)
    .filter((line) => line !== '')
    .slice(-LINES);
}
