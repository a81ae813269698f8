import { BuildError, DockerError } from '../docker.ts';
import { isHostFault } from '../engine/failure.ts';
import type { BuildStatus } from './build-status.ts';

/** Collects what the error of a failed build needs: the failed step and its last output. */
export interface FailureRecord {
  record(status: BuildStatus): void;
  /** `message` is BuildKit's error. */
  toError(message: string): BuildError | DockerError;
}

export function failureRecord(): FailureRecord {
  const printed = new Map<string, string>();
  let failed: { name: string; digest: string } | null = null;
  return {
    record({ vertexes, logs }) {
      for (const { vertex, msg } of logs)
        printed.set(vertex, ((printed.get(vertex) ?? '') + Buffer.from(msg).toString()).slice(-KEPT));
      for (const { name, digest, error } of vertexes)
        if (error !== '' && !error.includes('context canceled')) failed ??= { name, digest };
    },
    toError(message) {
      const reason = plain(message);
      const isCommand = failed !== null && printed.has(failed.digest);
      if (!isCommand && isHostFault(message)) return new DockerError('failed', `Cannot build: ${reason}`);
      if (failed === null) return new BuildError(reason);
      return new BuildError([`${failed.name}: ${reason}`, ...lastLines(printed.get(failed.digest))].join('\n'));
    },
  };
}

const KEPT = 8_192;
const LINES = 20;

/** Removes BuildKit's internal prefixes and paths. */
function plain(message: string): string {
  return message
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
