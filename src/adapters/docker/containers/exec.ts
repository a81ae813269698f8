import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { within } from '../../../abort.ts';
import { DockerError, type ExecSpec, type Exit, type ProcessIo } from '../docker.ts';
import type { Engine } from '../engine/connection.ts';
import { awaitCall } from '../engine/failure.ts';
import { envPairs } from './env-pairs.ts';
import { hadOutOfMemoryKill } from './out-of-memory.ts';
import { follow, OUTPUT_GRACE, type Output } from './output.ts';

/** An abort rejects with the signal's reason and drops further output; the process itself continues. */
export async function exec(engine: Engine, container: string, spec: ExecSpec, io: ProcessIo): Promise<Exit> {
  io.signal?.throwIfAborted();
  const operation = `run ${spec.argv[0]} in container ${container}`;
  const since = Date.now();
  const made = await awaitCall(
    operation,
    engine.calls.getContainer(container).exec(execBody(spec, io.stdin !== undefined)),
  );
  const stream = await awaitCall(operation, engine.streams.getExec(made.id).start({ hijack: true, stdin: false }));
  const output = follow(stream, io);
  if (io.stdin !== undefined) feed(io.stdin, stream);
  try {
    const exit_code = await exitOf(engine, made.id, operation, output, io.signal);
    await within(output.ended, OUTPUT_GRACE);
    return { exit_code, oom_killed: exit_code === 137 && (await hadOutOfMemoryKill(engine, container, since)) };
  } finally {
    output.close();
  }
}

export async function capture(engine: Engine, container: string, argv: string[], user?: string) {
  const parts: Buffer[] = [];
  const keep = (chunk: Buffer) => void parts.push(chunk);
  const spec = { argv, env: {}, cwd: '', ...(user === undefined ? {} : { user }) };
  const { exit_code } = await exec(engine, container, spec, { stdout: keep, stderr: keep });
  return { exit_code, output: Buffer.concat(parts).toString() };
}

/** Drops the rest of the input when the process closes it or ends before it has read everything. */
function feed(input: Readable, stream: NodeJS.WritableStream): void {
  input.on('error', () => stream.end());
  stream.on('close', () => input.destroy());
  input.pipe(stream);
}

export function execBody(spec: ExecSpec, hasStdin: boolean) {
  return {
    Cmd: spec.argv,
    Env: envPairs(spec.env),
    ...(hasStdin ? { AttachStdin: true } : {}),
    AttachStdout: true,
    AttachStderr: true,
    ...(spec.cwd === '' ? {} : { WorkingDir: spec.cwd }),
    ...(spec.user === undefined ? {} : { User: spec.user }),
  };
}

/** Intervals of inspection, in milliseconds: the first, the one after the end of the output, and the longest. */
const FIRST_INTERVAL = 100;
const END_INTERVAL = 2;
const LAST_INTERVAL = 500;
/** How long after the end of a process the Engine may report no exit code, in milliseconds. */
const EXIT_CODE_TIMEOUT = 10_000;

/**
 * Resolves with the exit code. Most processes end together with their output, so this waits for the end of the output. Inspections at growing
 * intervals find processes that end before or after their output.
 */
async function exitOf(
  engine: Engine,
  id: string,
  operation: string,
  output: Output,
  signal: AbortSignal | undefined,
): Promise<number> {
  let interval = FIRST_INTERVAL;
  let missing_since: number | null = null;
  for (;;) {
    const wasOver = output.over.aborted;
    await (wasOver ? delay(interval) : delay(interval, undefined, { signal: output.over }).catch(() => {}));
    if (!wasOver && output.over.aborted) interval = END_INTERVAL;
    signal?.throwIfAborted();
    const { Running, ExitCode } = await awaitCall(operation, engine.calls.getExec(id).inspect());
    if (!Running && ExitCode !== null) return ExitCode;
    if (!Running && output.over.aborted) missing_since ??= Date.now();
    if (missing_since !== null && Date.now() - missing_since > EXIT_CODE_TIMEOUT)
      throw new DockerError('failed', `Cannot ${operation}: the Docker Engine reports no exit code`);
    interval = Math.min(interval * 1.5, LAST_INTERVAL);
  }
}
