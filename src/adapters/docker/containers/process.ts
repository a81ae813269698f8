import { setTimeout as delay } from 'node:timers/promises';
import { unlessAborted, within } from '../../../abort.ts';
import { DockerError, type Exit, type ProcessOutput } from '../docker.ts';
import type { Engine } from '../engine/connection.ts';
import { awaitCall, awaitCallUnless } from '../engine/failure.ts';
import { inspect } from './container.ts';
import { frameReader } from './frames.ts';
import { hadOutOfMemoryKill } from './out-of-memory.ts';
import { follow, OUTPUT_GRACE } from './output.ts';

/** Aborting rejects with the signal's reason; the container keeps running. */
export async function run(engine: Engine, container: string, io: ProcessOutput): Promise<Exit> {
  io.signal?.throwIfAborted();
  const operation = `run container ${container}`;
  const handle = engine.streams.getContainer(container);
  const since = Date.now();
  // Attach and wait before the start: otherwise the output and the end of a short process would be missed.
  const attached = { stream: true, stdout: true, stderr: true, hijack: true };
  const output = follow(await awaitCall(operation, handle.attach(attached)), io);
  const done = new AbortController();
  const signal = io.signal ? AbortSignal.any([io.signal, done.signal]) : done.signal;
  const ended = handle.wait({ condition: 'next-exit', abortSignal: signal });
  ended.catch(() => {});
  try {
    await awaitCall(operation, engine.calls.getContainer(container).start());
    const answer = awaitCall(operation, ended);
    // An Engine that sends output is alive; after the end of the output, `exitCode` checks it.
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
  const answer = awaitCall(`wait for container ${container}`, ended);
  answer.catch(() => {});
  const code = await unlessAborted(exitCode(engine, container, answer), signal);
  if (code === null) throw signal.reason;
  return exit(engine, container, code, since);
}

/** How often a container is inspected while the Engine's answer is missing, in milliseconds. */
const INSPECT_INTERVAL = 2_000;

/** The Engine sends the headers of its answer early. If it then stops, the call does not fail, so the container is inspected too. */
async function exitCode(engine: Engine, container: string, waiting: Promise<{ StatusCode: number }>): Promise<number> {
  for (;;) {
    const answer = await Promise.race([waiting, delay(INSPECT_INTERVAL, null, { ref: false })]);
    if (answer !== null) return answer.StatusCode;
    const found = await inspect(engine, container);
    if (found === null) throw new DockerError('not_found', `Container ${container} no longer exists`);
    if (found.state === 'exited' || found.state === 'dead') return found.exit_code;
  }
}

/** Empty for a container without a log. */
export async function logs(engine: Engine, container: string, lines: number): Promise<string[]> {
  const call = engine.calls.getContainer(container).logs({ follow: false, stdout: true, stderr: true, tail: lines });
  // 501: its log driver cannot be read.
  const raw = await awaitCallUnless(`read the log of container ${container}`, [501], Buffer.alloc(0), call);
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
  return { exit_code, oom_killed: found?.oom_killed || (await hadOutOfMemoryKill(engine, container, since)) };
}
