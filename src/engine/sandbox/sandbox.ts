import type { Writable } from 'node:stream';
import type { ContainerSpec, Exit, Limits, Mount, ProcessOutput } from '../../deps.ts';
import { CodedError } from '../../error.ts';

/**
 * Where the processes of one attempt run: the job's container and, when a job asks for them, services and Docker actions beside it.
 * Callers know only this interface; how processes are started and signalled is the implementation's concern.
 */
export interface Sandbox {
  /** The ID of the image that the job's container was created from. */
  readonly image: string;
  /** Starts the process of `spec.main`. Call it once. */
  runMain(output: Output): Promise<Process>;
  /** Starts a process. Whether that succeeded shows in `wait`. */
  run(spec: ProcessSpec, output: Output): Promise<Process>;
  /** A running process, with its output from now on. Throws `SandboxError` `not_attachable`. */
  attach(id: string, output: Output): Promise<Process>;
  /** Pauses all processes while `work` runs, so that they change no files that the host reads. */
  whilePaused<T>(work: () => Promise<T>): Promise<T>;
  /** Removes every container of the attempt, and its own network. Resolves when they are removed. */
  remove(): Promise<void>;
}

export interface Process {
  /** Unique in its sandbox. */
  readonly id: string;
  /** Null unless the process was started with `stdin`. */
  readonly stdin: Writable | null;
  /** Signals the process and everything in its process group. Best effort: `wait` shows whether it worked. */
  signal(signal: 'TERM' | 'KILL'): Promise<void>;
  /**
   * Resolves when the process has ended and its output has arrived; output that a child keeps open is cut after 2 s. Rejects with a
   * `UserError` when the image has no shell to start it, or the job's container has ended.
   */
  wait(): Promise<Exit>;
}

export type Output = Pick<ProcessOutput, 'stdout' | 'stderr'>;

export interface ProcessSpec {
  argv: string[];
  env: Record<string, string>;
  cwd: string;
  /** Folders to search before the container's own PATH. */
  path: string[];
  /** Whether the process reads from `Process.stdin`. Otherwise it reads from /dev/null. */
  stdin: boolean;
}

export interface SandboxSpec {
  owner: AttemptIds;
  image: string;
  /** The process that the job's container is created for. Null: the container idles, and processes are started in it. */
  main: Pick<ContainerSpec, 'entrypoint' | 'command' | 'env' | 'cwd' | 'user'> | null;
  mounts: Mount[];
  limits: Limits;
  /** `shared`: one network for the jobs of this installation, on which they cannot reach each other. Otherwise a network of the sandbox's own. */
  network: 'shared' | { subnet: string };
}

/** The attempt that everything in a sandbox is labelled with. */
export interface AttemptIds {
  run: string;
  job: string;
  attempt: string;
  /** The attempt's number, from 1. */
  number: number;
}

/** `not_attachable`: the process has ended, or another worker process started it. */
export class SandboxError extends CodedError<'not_attachable'> {}
