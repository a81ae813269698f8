import { randomUUID } from 'node:crypto';
import { PassThrough, pipeline } from 'node:stream';
import { z } from 'zod';
import { BuildError, type BuildSpec, type BuildWatch, DockerError, type Image } from '../docker.ts';
import type { Engine } from '../engine/connection.ts';
import { dialStream } from '../engine/dial.ts';
import { awaitCall, toDockerError } from '../engine/failure.ts';
import { messages } from '../engine/messages.ts';
import { image } from '../images/image.ts';
import { failureRecord } from './build-failure.ts';
import { buildProgress } from './build-progress.ts';
import { type BuildQuery, buildQuery } from './build-query.ts';
import { openSession } from './build-session.ts';
import { decodeStatus } from './build-status.ts';

/** When `watch.signal` aborts, the build ends on the Engine first; then this rejects with the signal's reason. */
export async function build(connect: () => Promise<Engine>, spec: BuildSpec, watch: BuildWatch): Promise<Image> {
  // Before the first await, because the stream may fail at any moment.
  const context = openContext(spec.context);
  try {
    watch.signal.throwIfAborted();
    const query = buildQuery(spec);
    const engine = await connect();
    const session = await openSession(engine, spec.secrets);
    try {
      return await solve(engine, { ...query, session: session.id, buildid: randomUUID() }, watch, context);
    } finally {
      session.close();
    }
  } catch (error) {
    watch.signal.throwIfAborted();
    if (context.failure !== null)
      throw new DockerError('failed', `Cannot read the build context: ${context.failure.message}`, { cause: error });
    throw error instanceof BuildError ? error : toDockerError('build', error);
  } finally {
    context.close();
  }
}

interface Context {
  stream: PassThrough;
  /** Aborts when the context fails, so that an incomplete context is never built. */
  broken: AbortController;
  failure: Error | null;
  close(): void;
}

function openContext(source: NodeJS.ReadableStream): Context {
  const stream = new PassThrough();
  const broken = new AbortController();
  let closed = false;
  const close = () => {
    closed = true;
    if ('destroy' in source && typeof source.destroy === 'function') source.destroy();
    stream.destroy();
  };
  const context: Context = { stream, broken, failure: null, close };
  // Once destroyed, the source may emit another error.
  source.on('error', () => {});
  pipeline(source, stream, (error) => {
    if (!error || closed) return;
    context.failure = error;
    broken.abort(error);
  });
  return context;
}

async function solve(
  engine: Engine,
  options: BuildQuery & { session: string; buildid: string },
  watch: BuildWatch,
  context: Context,
): Promise<Image> {
  const request = {
    method: 'POST',
    path: '/build?',
    file: context.stream,
    options,
    abortSignal: context.broken.signal,
  };
  const stopWatching = cancelOnAbort(engine, options.buildid, watch.signal, context);
  try {
    const built = await readMessages(await awaitCall('build', dialStream(engine, request)), watch);
    const found = await image(engine, built);
    if (!found) throw new DockerError('failed', `Cannot build: ${built} was removed right after it was built`);
    return found;
  } finally {
    stopWatching();
  }
}

/** Cancelling by id ends the build's processes before its stream. The connection is closed if the build has not begun or does not end in time. */
function cancelOnAbort(engine: Engine, id: string, signal: AbortSignal, { stream, broken }: Context): () => void {
  let timer: NodeJS.Timeout | undefined;
  const cancel = () => {
    if (!stream.readableEnded) return broken.abort();
    timer = setTimeout(() => broken.abort(), CANCEL_TIMEOUT);
    const request = { method: 'POST', path: '/build/cancel?', options: { id } };
    dialStream(engine, request).then(
      (response) => response.resume(),
      () => broken.abort(),
    );
  };
  signal.addEventListener('abort', cancel, { once: true });
  if (signal.aborted) cancel();
  return () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', cancel);
  };
}

const CANCEL_TIMEOUT = 5_000;
const TRACE = 'moby.buildkit.trace';
const IMAGE_ID = 'moby.image.id';
const ImageId = z.object({ ID: z.string() });

/** Reads the Engine's messages to the end. Returns the ID of the image. */
async function readMessages(stream: NodeJS.ReadableStream, watch: BuildWatch): Promise<string> {
  const progress = buildProgress();
  const failure = failureRecord();
  let traced = false;
  let built: string | null = null;
  for await (const message of messages(stream)) {
    // The classic builder, whose cache can be poisoned (CVE-2024-24557), begins with a `stream`; BuildKit only ends with one.
    if (message.stream !== undefined && !traced)
      throw new DockerError('failed', 'Cannot build: this Docker Engine does not use BuildKit');
    if (message.error !== undefined) throw failure.toError(message.error);
    if (message.id === IMAGE_ID) built = ImageId.parse(message.aux).ID;
    if (message.id !== TRACE) continue;
    traced = true;
    const status = decodeStatus(z.string().default('').parse(message.aux));
    failure.record(status);
    for (const line of progress(status)) watch.progress(line);
    for (const { stream, msg } of status.logs) watch.output(stream === 2 ? 'stderr' : 'stdout', Buffer.from(msg));
  }
  if (built === null)
    throw new DockerError('failed', 'Cannot build: the Docker Engine closed the connection before the image was built');
  return built;
}
