import { z } from 'zod';
import { DockerError, type Image, type Watch } from '../docker.ts';
import type { Engine } from '../engine/connection.ts';
import { isHostFault, toDockerError } from '../engine/failure.ts';
import { type Message, messages } from '../engine/messages.ts';
import { image } from './image.ts';
import { parseReference } from './reference.ts';
import { transferProgress } from './transfer-progress.ts';

export async function pull(engine: Engine, reference: string, watch: Watch): Promise<Image> {
  const local = await image(engine, reference);
  if (local) return local;
  const { repository, tag, digest } = parseReference(reference);
  const operation = `pull ${reference}`;
  watch.signal.throwIfAborted();
  const query = { fromImage: repository, tag: digest ?? tag, abortSignal: watch.signal };
  await transfer(operation, 'image_missing', () => engine.streams.createImage(query), watch);
  const pulled = await image(engine, reference);
  if (!pulled) throw new DockerError('failed', `Cannot ${operation}: it was removed right after it was pulled`);
  return pulled;
}

export async function push(engine: Engine, reference: string, watch: Watch): Promise<{ digest: string }> {
  const { repository, tag } = parseReference(reference);
  const operation = `push ${reference}`;
  if (tag === null) throw new DockerError('refused', `Cannot ${operation}: only a tag can be pushed`);
  watch.signal.throwIfAborted();
  let digest: string | null = null;
  // The Engine requires credentials, even empty ones.
  const query = { tag, authconfig: { username: '', password: '', serveraddress: '' }, abortSignal: watch.signal };
  await transfer(
    operation,
    'refused',
    () => engine.streams.getImage(repository).push(query),
    watch,
    (message) => {
      digest = Pushed.safeParse(message.aux).data?.Digest ?? digest;
    },
  );
  if (digest === null) throw new DockerError('failed', `Cannot ${operation}: the registry returned no digest`);
  return { digest };
}

const Pushed = z.object({ Digest: z.string() });

async function transfer(
  operation: string,
  refused: 'image_missing' | 'refused',
  call: () => Promise<NodeJS.ReadableStream>,
  watch: Watch,
  onMessage: (message: Message) => void = () => {},
): Promise<void> {
  const progress = transferProgress();
  try {
    for await (const message of messages(await call())) {
      if (message.error !== undefined) throw refusal(operation, refused, message.error);
      onMessage(message);
      const line = progress(message, Date.now());
      if (line !== null) watch.progress(line);
    }
  } catch (error) {
    watch.signal.throwIfAborted();
    const known = toDockerError(operation, error);
    // Before the stream begins, the Engine reports a refusal by the registry as an HTTP status.
    throw known.code === 'unreachable' || error instanceof DockerError
      ? known
      : refusal(operation, refused, known.message, known);
  }
}

/** The Engine distinguishes a registry that refuses from one that is unreachable only in its message. */
function refusal(operation: string, refused: 'image_missing' | 'refused', reason: string, cause?: Error): DockerError {
  const message = reason.startsWith('Cannot ') ? reason : `Cannot ${operation}: ${reason}`;
  return new DockerError(isHostFault(reason) ? 'failed' : refused, message, { cause });
}
