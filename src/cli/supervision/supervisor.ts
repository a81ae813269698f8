import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../error.ts';
import { CliError, exits } from '../terminal/exit.ts';
import { restartBackoff } from './restarts.ts';
import { Ready } from './role-process.ts';

export interface RoleSpec {
  /** As people read it: `server`, `worker 2`. */
  name: string;
  /** What Node is started with. */
  argv: string[];
  env: NodeJS.ProcessEnv;
  /** Milliseconds between being asked to drain and being killed. */
  grace: number;
}

export interface Supervised {
  name: string;
  /** The first time that it is ready. Rejects with `CliError` when it cannot even start: then it is not started again. */
  ready: Promise<Ready>;
  pid(): number | null;
  /** Lets it drain; resolves when it is gone and stays gone. */
  stop(): Promise<void>;
  /** Without grace. */
  force(): void;
}

/** Starts that end before it was ever ready; after so many it is taken to be broken. */
const TRIES = 4;

/**
 * Keeps one role running: when it ends it is started again, after 1 s doubling up to 30 s. It has a process group of its own,
 * so that Ctrl-C reaches the supervisor alone, and a channel whose end tells it that its supervisor is gone.
 */
export function supervise(spec: RoleSpec, say: (text: string) => void): Supervised {
  const stopping = new AbortController();
  const first = Promise.withResolvers<Ready>();
  first.promise.catch(() => undefined);
  let child: ChildProcess | null = null;
  const kept = keep();
  return {
    name: spec.name,
    ready: first.promise,
    pid: () => child?.pid ?? null,
    async stop() {
      stopping.abort();
      const running = child;
      running?.kill('SIGTERM');
      const late = setTimeout(() => {
        say(`The ${spec.name} does not end; it is killed.`);
        kill(running);
      }, spec.grace);
      await kept;
      clearTimeout(late);
    },
    force() {
      stopping.abort();
      kill(child);
    },
  };

  async function keep(): Promise<void> {
    const restarts = restartBackoff();
    let was_ready = false;
    for (let tries = 1; !stopping.signal.aborted; tries++) {
      child = start(spec);
      child.on('message', (message) => {
        const ready = Ready.safeParse(message);
        if (!ready.success) return;
        was_ready = true;
        first.resolve(ready.data);
      });
      const ended = await end(child);
      child = null;
      if (stopping.signal.aborted) break;
      if (!was_ready && (ended === exits.usage || tries === TRIES)) {
        first.reject(new CliError('failed', `the ${spec.name} does not start`, 'What it said stands above.'));
        return;
      }
      const pause = restarts.next();
      say(`The ${spec.name} ended (${ended}); it is started again in ${pause / 1000} s.`);
      await delay(pause, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
    first.reject(new CliError('failed', `the ${spec.name} was stopped`));
  }
}

function start({ argv, env }: RoleSpec): ChildProcess {
  return spawn(process.execPath, argv, { env, detached: true, stdio: ['ignore', 2, 'inherit', 'ipc'] });
}

/** The exit code, or the signal's name, or why it was never there. */
async function end(child: ChildProcess): Promise<number | string> {
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return signal ?? code ?? 'unknown';
  } catch (error) {
    return messageOf(error);
  }
}

/** With all that it started in its own group, such as git. */
function kill(child: ChildProcess | null): void {
  if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL');
  }
}
