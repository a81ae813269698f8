import type { ProcessOutput } from '../docker.ts';
import { frameReader } from './frames.ts';

/** How long output may arrive after the process's end, in milliseconds: a child process may keep it open for ever. */
export const OUTPUT_GRACE = 2_000;

/** A process's output while it is passed on to `io`. */
export interface Output {
  /** Resolves when no more output will arrive; never rejects. */
  ended: Promise<void>;
  /** Aborts when no more output will arrive. */
  over: AbortSignal;
  close(): void;
}

/** Passes a multiplexed stream on to `io` until it ends, fails or is closed, or until `io.signal` aborts. */
export function follow(stream: NodeJS.ReadWriteStream, io: ProcessOutput): Output {
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const over = new AbortController();
  const end = () => {
    over.abort();
    resolve();
  };
  const read = frameReader((name, content) => io[name](content));
  const close = () => {
    stream.off('data', read);
    if ('destroy' in stream && typeof stream.destroy === 'function') stream.destroy();
    end();
  };
  stream.on('data', read);
  for (const event of ['end', 'close', 'error']) stream.on(event, end);
  io.signal?.addEventListener('abort', close, { once: true });
  if (io.signal?.aborted) close();
  void ended.then(() => io.signal?.removeEventListener('abort', close));
  return { ended, over: over.signal, close };
}
