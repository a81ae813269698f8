import { PassThrough, type Writable } from 'node:stream';
import type { Exit } from '../../deps.ts';
import { hasCode } from '../../error.ts';
import type { EngineDeps } from '../engine-deps.ts';
import { UserError } from '../user-error.ts';
import type { Output, Process, ProcessSpec } from './sandbox.ts';

type Docker = EngineDeps['docker'];
type Signal = 'TERM' | 'KILL';

/** A process that this worker process follows. */
export class DockerProcess implements Process {
  readonly id: string;
  readonly stdin: Writable | null;
  readonly #outputs: Output[];
  readonly #exit: Promise<Exit>;
  readonly #send: (signal: Signal) => Promise<void>;
  #ended = false;

  /** `outputs` is the list that the process's output is passed on to. */
  constructor(
    id: string,
    stdin: Writable | null,
    outputs: Output[],
    exit: Promise<Exit>,
    send: (signal: Signal) => Promise<void>,
  ) {
    this.id = id;
    this.stdin = stdin;
    this.#outputs = outputs;
    this.#exit = exit;
    this.#send = send;
    const end = () => void (this.#ended = true);
    exit.then(end, end);
  }

  attach(output: Output): void {
    this.#outputs.push(output);
  }

  async signal(signal: Signal): Promise<void> {
    if (!this.#ended) await this.#send(signal);
  }

  wait(): Promise<Exit> {
    return this.#exit;
  }
}

/** The container's own process, started now. */
export function mainProcess(docker: Docker, container: string, output: Output): DockerProcess {
  const outputs = [output];
  const exit = docker.run(container, toAll(outputs));
  return new DockerProcess('main', null, outputs, exit, (signal) => docker.signal(container, signal));
}

/** One more process in a running container. */
export async function execProcess(
  { docker, log }: Pick<EngineDeps, 'docker' | 'log'>,
  container: string,
  id: string,
  spec: ProcessSpec,
  output: Output,
): Promise<DockerProcess> {
  const outputs = [output];
  const { stdout, stderr } = toAll(outputs);
  const pid_line = readPidLine(stdout);
  const stdin = spec.stdin ? new PassThrough() : null;
  const exit = docker
    .exec(
      container,
      { argv: wrapped(spec), env: spec.env, cwd: '/' },
      { stdout: pid_line.read, stderr, ...(stdin === null ? {} : { stdin }) },
    )
    .catch(async (error: unknown) => Promise.reject(await explain(docker, container, error)))
    .finally(pid_line.end);
  exit.catch(() => {});
  const pid = await pid_line.pid;
  if (pid === 'ended') await expectStarted(exit);
  return new DockerProcess(id, stdin, outputs, exit, async (signal) => {
    // The API cannot signal an exec'd process; a second exec can.
    const argv = ['sh', '-c', `kill -${signal} -"$1"`, 'gantry', pid];
    if (/^\d+$/.test(pid))
      await docker
        .read(container, argv)
        .catch((error: unknown) => log.warn({ err: error, container, signal }, 'signalling a process failed'));
  });
}

function toAll(outputs: readonly Output[]): Output {
  return {
    stdout: (chunk) => outputs.forEach((output) => output.stdout(chunk)),
    stderr: (chunk) => outputs.forEach((output) => output.stderr(chunk)),
  };
}

/**
 * Prints its pid as the first line, which no code of the job precedes. The Engine makes an exec'd process the leader of a group, so the pid
 * addresses the group too. $1 is put before PATH, $2 is the working directory, the rest is the command.
 */
const WRAPPER = `echo $$
if [ -n "$1" ]; then PATH="$1:$PATH"; export PATH; fi
cd "$2" || exit 1
shift 2
exec "$@"`;

function wrapped({ argv, path, cwd }: ProcessSpec): string[] {
  return ['sh', '-c', WRAPPER, 'gantry', path.join(':'), cwd, ...argv];
}

const LONGEST_PID_LINE = 16;

/** Takes the wrapper's first line out of the output. `pid` resolves to `unknown` when there is another line, to `ended` when there is none. */
function readPidLine(pass: (chunk: Buffer) => void) {
  const { promise: pid, resolve } = Promise.withResolvers<string>();
  let head: Buffer | null = Buffer.alloc(0);
  const finish = (found: string, rest: Buffer) => {
    head = null;
    resolve(found);
    if (rest.length > 0) pass(rest);
  };
  return {
    pid,
    read: (chunk: Buffer) => {
      if (head === null) return pass(chunk);
      head = Buffer.concat([head, chunk]);
      const [line, number = ''] = /^([1-9]\d*)\n/.exec(head.toString('latin1', 0, LONGEST_PID_LINE)) ?? [];
      if (line !== undefined) finish(number, head.subarray(line.length));
      else if (head.length >= LONGEST_PID_LINE || head.includes('\n')) finish('unknown', head);
    },
    end: () => {
      if (head !== null) finish('ended', head);
    },
  };
}

const NO_SHELL = "the job's image cannot run steps: it has no `sh` or no `sleep`";

/** A process that ended without the wrapper's line was not started. Exit codes 126 and 127 are the Engine's: there is no `sh`. */
async function expectStarted(exit: Promise<Exit>): Promise<void> {
  const { exit_code } = await exit;
  if (exit_code === 126 || exit_code === 127) throw new UserError(NO_SHELL);
}

/** A container without a shell ends at once, and a step may end its own container. Other errors stay as they are. */
async function explain(docker: Docker, container: string, error: unknown): Promise<unknown> {
  if (!hasCode(error, 'conflict')) return error;
  const found = await docker.inspect(container);
  if (found === null || found.state !== 'exited') return error;
  const hasNoShell = found.exit_code === 127 || found.exit_code === 126;
  const message = hasNoShell ? NO_SHELL : `the job's container has ended with code ${found.exit_code}`;
  return new UserError(message, { cause: error });
}
