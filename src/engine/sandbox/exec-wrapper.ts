import type { ProcessSpec } from './sandbox.ts';

/**
 * Prints its pid as the first line, before any code of the job runs. The Engine makes an exec'd process the leader of a process group, so
 * the pid addresses everything that it starts. $1 is put before PATH, $2 is the working directory, the rest is the command.
 */
const WRAPPER = `echo $$
if [ -n "$1" ]; then PATH="$1:$PATH"; export PATH; fi
cd "$2" || exit 1
shift 2
exec "$@"`;

export function wrapped({ argv, path, cwd }: Pick<ProcessSpec, 'argv' | 'path' | 'cwd'>): string[] {
  return ['sh', '-c', WRAPPER, 'gantry', path.join(':'), cwd, ...argv];
}

/**
 * Takes the wrapper's line out of a process's output. `pid` resolves to null when the first line is another one: the Engine's error, or
 * text of a preloaded library. Call `end` at the end of the output.
 */
export function readWrapper(pass: (chunk: Buffer) => void) {
  const { promise: pid, resolve } = Promise.withResolvers<number | null>();
  let head: Buffer | null = Buffer.alloc(0);
  const finish = (found: number | null, rest: Buffer) => {
    head = null;
    resolve(found);
    if (rest.length > 0) pass(rest);
  };
  return {
    pid,
    read: (chunk: Buffer) => {
      if (head === null) return pass(chunk);
      head = Buffer.concat([head, chunk]);
      const [line, number] = PID_LINE.exec(head.toString('latin1', 0, LONGEST_PID_LINE)) ?? [];
      if (line !== undefined) finish(Number(number), head.subarray(line.length));
      else if (head.length >= LONGEST_PID_LINE || head.includes('\n')) finish(null, head);
    },
    end: () => {
      if (head !== null) finish(null, head);
    },
  };
}

const PID_LINE = /^([1-9]\d*)\n/;
const LONGEST_PID_LINE = 16;
