import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { DockerError, type ExecSpec, type Exit, type ProcessIo } from '../docker.ts';
import type { Engine } from '../engine/connection.ts';
import { asked } from '../engine/failure.ts';
import { environment } from './environment.ts';
import { sawOutOfMemory } from './out-of-memory.ts';
import { follow, type Output, within } from './output.ts';

/** Aborting rejects with the signal's reason and lets go of the output; the process itself runs on. */
export async function exec(engine: Engine, container: string, spec: ExecSpec, io: ProcessIo): Promise<Exit> {
  io.signal?.throwIfAborted();
  const doing = `run ${spec.argv[0]} in container ${container}`;
  const since = Date.now();
  const made = await asked(doing, engine.calls.getContainer(container).exec(execBody(spec, io.stdin !== undefined)));
  const stream = await asked(doing, engine.streams.getExec(made.id).start({ hijack: true, stdin: false }));
  const output = follow(stream, io);
  if (io.stdin !== undefined) feed(io.stdin, stream);
  try {
    const exit_code = await exitOf(engine, made.id, doing, output, io.signal);
    await within(output.ended, OUTPUT_GRACE);
    return { exit_code, oom_killed: exit_code === 137 && (await sawOutOfMemory(engine, container, since)) };
  } finally {
    output.close();
  }
}

export async function read(engine: Engine, container: string, argv: string[], user?: string) {
  const parts: Buffer[] = [];
  const keep = (chunk: Buffer) => void parts.push(chunk);
  const spec = { argv, env: {}, cwd: '', ...(user === undefined ? {} : { user }) };
  const { exit_code } = await exec(engine, container, spec, { stdout: keep, stderr: keep });
  return { exit_code, output: Buffer.concat(parts).toString() };
}

/** A process may close its input or end before it has read everything: what is left is dropped. */
function feed(input: Readable, stream: NodeJS.WritableStream): void {
  input.on('error', () => stream.end());
  stream.on('close', () => input.destroy());
  input.pipe(stream);
}

export function execBody(spec: ExecSpec, hasStdin: boolean) {
  return {
    Cmd: spec.argv,
    Env: environment(spec.env),
    ...(hasStdin ? { AttachStdin: true } : {}),
    AttachStdout: true,
    AttachStderr: true,
    ...(spec.cwd === '' ? {} : { WorkingDir: spec.cwd }),
    ...(spec.user === undefined ? {} : { User: spec.user }),
  };
}

/** For a child that was left behind with the output still open. */
const OUTPUT_GRACE = 2_000;
const FIRST_LOOK = 100;
const SOON = 2;
const LAST_LOOK = 500;
/** How long the Engine may owe the exit code of a process whose output has ended and which it says is not running. */
const OWED = 10_000;

/**
 * The exit code as the Engine knows it. Most processes end with their output, so that is what is waited for; looks at
 * growing intervals find those that end before it, and those that close it and run on.
 */
async function exitOf(
  engine: Engine,
  id: string,
  doing: string,
  output: Output,
  signal: AbortSignal | undefined,
): Promise<number> {
  let pause = FIRST_LOOK;
  let owed_since: number | null = null;
  for (;;) {
    const was_over = output.isOver();
    await (was_over ? delay(pause) : within(output.ended, pause));
    if (!was_over && output.isOver()) pause = SOON;
    signal?.throwIfAborted();
    const { Running, ExitCode } = await asked(doing, engine.calls.getExec(id).inspect());
    if (!Running && ExitCode !== null) return ExitCode;
    if (!Running && output.isOver()) owed_since ??= Date.now();
    if (owed_since !== null && Date.now() - owed_since > OWED)
      throw new DockerError('failed', `Cannot ${doing}: the Docker Engine does not say how it ended`);
    pause = Math.min(pause * 1.5, LAST_LOOK);
  }
}
