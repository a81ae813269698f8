import { PassThrough, type Writable } from 'node:stream';
import type { Exit } from '../../deps.ts';
import { hasCode } from '../../error.ts';
import type { EngineDeps } from '../engine-deps.ts';
import { UserError } from '../user-error.ts';
import { readWrapper, wrapped } from './exec-wrapper.ts';
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
  const wrapper = readWrapper(stdout);
  const stdin = spec.stdin ? new PassThrough() : null;
  const exit = docker
    .exec(
      container,
      { argv: wrapped(spec), env: spec.env, cwd: '/' },
      { stdout: wrapper.read, stderr, ...(stdin === null ? {} : { stdin }) },
    )
    .finally(wrapper.end)
    .then(
      async (ended) => expectStarted(ended, await wrapper.pid),
      async (error: unknown) => Promise.reject(await explain(docker, container, error)),
    );
  exit.catch(() => {});
  const pid = await wrapper.pid;
  return new DockerProcess(id, stdin, outputs, exit, async (signal) => {
    if (pid === null) return;
    // The API cannot signal an exec'd process; a second exec can.
    const kill = docker.capture(container, ['sh', '-c', `kill -${signal} -"$1"`, 'gantry', String(pid)]);
    await kill.catch((error: unknown) => log.warn({ err: error, container, signal }, 'signalling a process failed'));
  });
}

function toAll(outputs: readonly Output[]): Output {
  return {
    stdout: (chunk) => outputs.forEach((output) => output.stdout(chunk)),
    stderr: (chunk) => outputs.forEach((output) => output.stderr(chunk)),
  };
}

const NO_SHELL = "the job's image cannot run steps: it has no `sh` or no `sleep`";

/** Without the wrapper's line, exit codes 126 and 127 come from the Engine: there is no `sh`. */
function expectStarted(exit: Exit, pid: number | null): Exit {
  if (pid === null && (exit.exit_code === 126 || exit.exit_code === 127)) throw new UserError(NO_SHELL);
  return exit;
}

/**
 * A container without a shell ends at once, and a step may end its own container. The Engine then refuses to start a process, or fails to when
 * the container ends meanwhile. Other errors stay as they are.
 */
async function explain(docker: Docker, container: string, error: unknown): Promise<unknown> {
  if (!hasCode(error, 'conflict', 'failed')) return error;
  const found = await docker.inspect(container);
  if (found === null || found.state !== 'exited') return error;
  const hasNoShell = found.exit_code === 127 || found.exit_code === 126;
  const message = hasNoShell ? NO_SHELL : `the job's container has ended with code ${found.exit_code}`;
  return new UserError(message, { cause: error });
}
