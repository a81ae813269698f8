import { setTimeout as delay } from 'node:timers/promises';
import { unlessAborted } from '../../../abort.ts';
import { DockerError, type Exit, type ProcessOutput } from '../docker.ts';
import type { Engine } from '../engine/connection.ts';
import { asked, askedUnless } from '../engine/failure.ts';
import { inspect } from './container.ts';
import { frameReader } from './frames.ts';
import { sawOutOfMemory } from './out-of-memory.ts';
import { follow, OUTPUT_GRACE, within } from './output.ts';

/** Aborting rejects with the signal's reason; the container runs on. */
export async function run(engine: Engine, container: string, io: ProcessOutput): Promise<Exit> {
  io.signal?.throwIfAborted();
  const doing = `run container ${container}`;
  const handle = engine.streams.getContainer(container);
  const since = Date.now();
  // Attach and wait before the start; the output and the end of a short process would be missed otherwise.
  const attached = { stream: true, stdout: true, stderr: true, hijack: true };
  const output = follow(await asked(doing, handle.attach(attached)), io);
  const done = new AbortController();
  const signal = io.signal ? AbortSignal.any([io.signal, done.signal]) : done.signal;
  const ended = handle.wait({ condition: 'next-exit', abortSignal: signal });
  ended.catch(() => {});
  try {
    await asked(doing, engine.calls.getContainer(container).start());
    const answer = asked(doing, ended);
    // While output arrives the Engine is alive; only after that its silence needs a check.
    await Promise.race([answer.catch(() => {}), output.ended]);
    const code = await unlessAborted(exitCode(engine, container, answer), signal);
    if (code === null) throw signal.reason;
    await within(output.ended, OUTPUT_GRACE);
    return await exit(engine, container, code, since);
  } finally {
    done.abort();
    output.close();
  }
}

/** Throws `not_found` when there is no such container. */
export async function wait(engine: Engine, container: string, signal: AbortSignal): Promise<Exit> {
  signal.throwIfAborted();
  const since = Date.now();
  const ended = engine.streams.getContainer(container).wait({ condition: 'not-running', abortSignal: signal });
  const answer = asked(`wait for container ${container}`, ended);
  answer.catch(() => {});
  const code = await unlessAborted(exitCode(engine, container, answer), signal);
  if (code === null) throw signal.reason;
  return exit(engine, container, code, since);
}

/** How often a container is inspected while the Engine's answer is missing, in milliseconds. */
const INSPECT_INTERVAL = 2_000;

/** An Engine that stops after it sent the headers of its answer causes no error: so the container is inspected too. */
async function exitCode(engine: Engine, container: string, waiting: Promise<{ StatusCode: number }>): Promise<number> {
  for (;;) {
    const answer = await Promise.race([waiting, delay(INSPECT_INTERVAL, null, { ref: false })]);
    if (answer !== null) return answer.StatusCode;
    const found = await inspect(engine, container);
    if (found === null) throw new DockerError('not_found', `Container ${container} is gone`);
    if (found.state === 'exited' || found.state === 'dead') return found.exit_code;
  }
}

/** Empty for a container without a log. */
export async function logs(engine: Engine, container: string, lines: number): Promise<string[]> {
  const call = engine.calls.getContainer(container).logs({ follow: false, stdout: true, stderr: true, tail: lines });
  // 501: its log driver cannot be read.
  const raw = await askedUnless(`read the log of container ${container}`, [501], Buffer.alloc(0), call);
  return lastLines(raw, lines);
}

export function lastLines(raw: Buffer, lines: number): string[] {
  const found: string[] = [];
  const open = { stdout: '', stderr: '' };
  const read = frameReader((stream, content) => {
    const parts = (open[stream] + content.toString()).split('\n');
    open[stream] = parts.pop() ?? '';
    found.push(...parts);
  });
  read(raw);
  return [...found, ...Object.values(open).filter((rest) => rest !== '')].slice(-lines);
}

async function exit(engine: Engine, container: string, exit_code: number, since: number): Promise<Exit> {
  if (exit_code !== 137) return { exit_code, oom_killed: false };
  const found = await inspect(engine, container);
  return { exit_code, oom_killed: found?.oom_killed || (await sawOutOfMemory(engine, container, since)) };
}
