import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../error.ts';
import { CliError, exits } from '../terminal/exit.ts';
import { restartBackoff } from './restarts.ts';
import { Ready } from './role-process.ts';

export interface RoleSpec {
  /** As shown to the user: `server`, `worker 2`. */
  name: string;
  /** Node's arguments. */
  argv: string[];
  env: NodeJS.ProcessEnv;
  /** Milliseconds between SIGTERM and SIGKILL. */
  grace: number;
}

export interface Supervised {
  name: string;
  /** Resolves when the role is ready for the first time. Rejects with `CliError` when it cannot start; then it is not restarted. */
  ready: Promise<Ready>;
  pid(): number | null;
  /** Lets the role drain, and does not restart it. Resolves when it has ended. */
  stop(): Promise<void>;
  /** Kills the role immediately. */
  force(): void;
}

/** A role that is not ready after this many starts is considered broken. */
const MAX_STARTS = 4;

/**
 * Keeps a role running: restarts it when it ends, after 1 s doubling up to 30 s. The role has its own process group, so that Ctrl-C
 * reaches only the supervisor, and an IPC channel: it exits when the channel closes. `note` prints a line for the user.
 */
export function supervise(spec: RoleSpec, note: (text: string) => void): Supervised {
  const stopping = new AbortController();
  const first = Promise.withResolvers<Ready>();
  first.promise.catch(() => undefined);
  let child: ChildProcess | null = null;
  const ended = keepRunning();
  return {
    name: spec.name,
    ready: first.promise,
    pid: () => child?.pid ?? null,
    async stop() {
      stopping.abort();
      const running = child;
      running?.kill('SIGTERM');
      const late = setTimeout(() => {
        note(`The ${spec.name} did not stop within ${spec.grace / 1000} s; killing it.`);
        kill(running);
      }, spec.grace);
      await ended;
      clearTimeout(late);
    },
    force() {
      stopping.abort();
      kill(child);
    },
  };

  async function keepRunning(): Promise<void> {
    const restarts = restartBackoff();
    let was_ready = false;
    for (let starts = 1; !stopping.signal.aborted; starts++) {
      child = start(spec);
      child.on('message', (message) => {
        const ready = Ready.safeParse(message);
        if (!ready.success) return;
        was_ready = true;
        first.resolve(ready.data);
      });
      const exit = await waitForExit(child);
      child = null;
      if (stopping.signal.aborted) break;
      if (!was_ready && (exit === exits.usage || starts === MAX_STARTS)) {
        first.reject(new CliError('failed', `the ${spec.name} failed to start`, 'See its messages above.'));
        return;
      }
      const pause = restarts.next();
      note(`The ${spec.name} ended (${exit}); restarting it in ${pause / 1000} s.`);
      await delay(pause, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
    first.reject(new CliError('failed', `the ${spec.name} was stopped`));
  }
}

function start({ argv, env }: RoleSpec): ChildProcess {
  return spawn(process.execPath, argv, { env, detached: true, stdio: ['ignore', 2, 'inherit', 'ipc'] });
}

/** Resolves with the exit code, the name of the signal, or the error that prevented the start. */
async function waitForExit(child: ChildProcess): Promise<number | string> {
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return signal ?? code ?? 'unknown';
  } catch (error) {
    return messageOf(error);
  }
}

/** Kills the whole process group, including children such as git. */
function kill(child: ChildProcess | null): void {
  if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL');
  }
}
