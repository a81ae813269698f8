import { randomUUID } from 'node:crypto';
import { PassThrough, pipeline } from 'node:stream';
import { z } from 'zod';
import { BuildError, type BuildSpec, type BuildWatch, DockerError, type Image } from '../docker.ts';
import type { Engine } from '../engine/connection.ts';
import { dialStream } from '../engine/dial.ts';
import { asked, toDockerError } from '../engine/failure.ts';
import { messages } from '../engine/messages.ts';
import { image } from '../images/image.ts';
import { failureRecord } from './build-failure.ts';
import { buildProgress } from './build-progress.ts';
import { type BuildQuery, buildQuery } from './build-query.ts';
import { openSession } from './build-session.ts';
import { decodeStatus } from './build-status.ts';

/** Ended on the daemon too when `watch.signal` aborts, before it rejects with the signal's reason. */
export async function build(connect: () => Promise<Engine>, spec: BuildSpec, watch: BuildWatch): Promise<Image> {
  // Listened to before anything is awaited: a stream may break at any moment.
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
  /** Aborts when the context breaks off, so that half of it is never taken for the whole. */
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
  // Broken off with ours, it may say so once more when nobody listens.
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
  const disarm = cancelOnAbort(engine, options.buildid, watch.signal, context);
  try {
    const built = await follow(await asked('build', dialStream(engine, request)), watch);
    const found = await image(engine, built);
    if (!found) throw new DockerError('failed', `Cannot build: ${built} was built and is gone again`);
    return found;
  } finally {
    disarm();
  }
}

/** Cancelled by its id the build ends in good order, its processes before its stream. What does not, or has not begun, is broken off. */
function cancelOnAbort(engine: Engine, id: string, signal: AbortSignal, { stream, broken }: Context): () => void {
  let timer: NodeJS.Timeout | undefined;
  const cancel = () => {
    if (!stream.readableEnded) return broken.abort();
    timer = setTimeout(() => broken.abort(), CANCELLATION);
    const request = { method: 'POST', path: '/build/cancel?', options: { id } };
    dialStream(engine, request).then(
      (answer) => answer.resume(),
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

const CANCELLATION = 5_000;
const TRACE = 'moby.buildkit.trace';
const IMAGE_ID = 'moby.image.id';
const ImageId = z.object({ ID: z.string() });

/** The ID of the image that comes out of it. */
async function follow(stream: NodeJS.ReadableStream, watch: BuildWatch): Promise<string> {
  const progress = buildProgress();
  const record = failureRecord();
  let traced = false;
  let built: string | null = null;
  for await (const message of messages(stream)) {
    // The classic builder, whose cache can be poisoned (CVE-2024-24557), begins with this; BuildKit only ends with it.
    if (message.stream !== undefined && !traced)
      throw new DockerError('failed', 'Cannot build: this Docker Engine builds without BuildKit');
    if (message.error !== undefined) throw record.toError(message.error);
    if (message.id === IMAGE_ID) built = ImageId.parse(message.aux).ID;
    if (message.id !== TRACE) continue;
    traced = true;
    const status = decodeStatus(z.string().default('').parse(message.aux));
    record.see(status);
    for (const line of progress(status)) watch.progress(line);
    for (const { stream, msg } of status.logs) watch.output(stream === 2 ? 'stderr' : 'stdout', Buffer.from(msg));
  }
  if (built === null)
    throw new DockerError('failed', 'Cannot build: the Docker Engine broke off before there was an image');
  return built;
}
