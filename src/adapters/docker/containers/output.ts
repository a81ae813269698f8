import type { ProcessOutput } from '../docker.ts';
import { frameReader } from './frames.ts';

/** A process' output on its way to `io`. */
export interface Output {
  /** Resolves when no more will come, for whatever reason; never rejects. */
  ended: Promise<void>;
  isOver(): boolean;
  close(): void;
}

/** Passes a multiplexed stream on, until it ends, breaks, is closed, or `io.signal` aborts. */
export function follow(stream: NodeJS.ReadWriteStream, io: ProcessOutput): Output {
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  let over = false;
  const end = () => {
    over = true;
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
  return { ended, isOver: () => over, close };
}

/** Resolves with `promise`, or after so many milliseconds. */
export function within(promise: Promise<unknown>, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    void promise.finally(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
