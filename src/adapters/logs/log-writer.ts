import { messageOf } from '../../error.ts';
import { createMatcher } from '../../masking/matcher.ts';
import { secretForms } from '../../masking/secret-forms.ts';
import { createLines, type Lines } from './lines.ts';
import type { LogStore, LogStream, LogWriter } from './logs.ts';

/** A batch is written when it has this many bytes, or after this many milliseconds. */
const BATCH_BYTES = 64 * 1024;
const BATCH_MS = 50;
/** Output is dropped while this many bytes wait for the disk. */
const WAITING_LIMIT = 64 * 1024 * 1024;

export interface LogWriterOptions {
  /** Called with the size of the file, at most every 50 ms. */
  wake(size: number): void;
  now(): number;
  /** Bytes after which the rest of the output is dropped; one line notes that. */
  cap_bytes: number;
}

/** Never blocks, and uses bounded memory: output that cannot be written is dropped, and once writing works again a line notes how much is missing. */
export function openLogWriter(store: LogStore, attempt: string, options: LogWriterOptions): LogWriter {
  const matcher = createMatcher();
  const streams = new Map<LogStream, { step: number; lines: Lines }>();
  let waiting: string[] = [];
  let waitingBytes = 0;
  let size = 0;
  let admitted = 0;
  let capped = false;
  let lost = { bytes: 0, why: '' };
  let timer: NodeJS.Timeout | null = null;
  let wakeTimer: NodeJS.Timeout | null = null;
  let writing = Promise.resolve();
  let lastWake = { size: 0, at: -Infinity };

  return {
    mask: (values) => matcher.add(values.flatMap(secretForms)),
    write: (step, stream, chunk) => {
      let open = streams.get(stream);
      if (open?.step !== step) {
        if (open) queue(open.step, stream, open.lines.end());
        open = { step, lines: createLines(matcher) };
        streams.set(stream, open);
      }
      queue(step, stream, open.lines.write(chunk));
    },
    flush,
    close: async () => {
      for (const [stream, { step, lines }] of streams) queue(step, stream, lines.end());
      streams.clear();
      return await flush();
    },
  };

  function queue(step: number, stream: LogStream, lines: string[]): void {
    if (lines.length === 0) return;
    const stamp = `${options.now()} ${step} ${stream} `;
    for (const line of lines) {
      if (capped) return;
      admit(`${stamp}${line}\n`);
    }
    if (waitingBytes >= BATCH_BYTES) start();
    else timer ??= setTimeout(start, BATCH_MS);
  }

  function admit(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (waitingBytes + bytes > WAITING_LIMIT) {
      lost = { bytes: lost.bytes + bytes, why: 'the disk was too slow' };
      return;
    }
    if (admitted + bytes > options.cap_bytes) {
      capped = true;
      waiting.push(
        note(`The log has reached its limit of ${options.cap_bytes} bytes: the rest of the output is dropped.`),
      );
      return;
    }
    waiting.push(line);
    waitingBytes += bytes;
    admitted += bytes;
  }

  function start(): void {
    if (timer) clearTimeout(timer);
    timer = null;
    writing = writing.then(append);
  }

  async function append(): Promise<void> {
    if (waiting.length === 0 && lost.bytes === 0) return;
    const batch = waiting;
    const missed = lost;
    [waiting, waitingBytes, lost] = [[], 0, { bytes: 0, why: '' }];
    if (missed.bytes > 0) batch.unshift(note(`${missed.bytes} bytes of output are missing here: ${missed.why}.`));
    const bytes = Buffer.from(batch.join(''));
    try {
      await store.append(attempt, size, bytes);
      size += bytes.length;
      wakeSoon();
    } catch (error) {
      const why = messageOf(error);
      lost = { bytes: lost.bytes + missed.bytes + bytes.length, why };
      size = await store.size(attempt).catch(() => size);
    }
  }

  function wakeSoon(): void {
    const since = options.now() - lastWake.at;
    if (since < BATCH_MS) wakeTimer ??= setTimeout(wake, BATCH_MS - since);
    else wake();
  }

  function wake(): void {
    if (wakeTimer) clearTimeout(wakeTimer);
    wakeTimer = null;
    if (size !== lastWake.size) options.wake(size);
    lastWake = { size, at: options.now() };
  }

  async function flush(): Promise<number> {
    start();
    await writing;
    wake();
    return size;
  }

  function note(text: string): string {
    return `${options.now()} 0 system ${text}\n`;
  }
}
