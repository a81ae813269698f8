import { afterEach, describe, expect, it, vi } from 'vitest';
import { eventStream, frame, pullStream, type ServerSentEvent } from '../../../src/api/http/sse.ts';

const never = new AbortController().signal;

describe('A message', () => {
  it('is its fields and an empty line', () => {
    expect(frame({ id: '7', event: 'run', data: '{}' })).toBe('id: 7\nevent: run\ndata: {}\n\n');
  });

  it.each(['\n', '\r', '\r\n'])('whose data holds the line end %j has another line of data', (end) => {
    expect(frame({ data: `a${end}event: end` })).toBe('data: a\ndata: event: end\n\n');
  });

  it('has no line ends in its id and its name', () => {
    expect(frame({ id: '1\nevent: x', event: 'a\r\ndata: b', data: '' })).toBe(
      'id: 1event: x\nevent: adata: b\ndata: \n\n',
    );
  });
});

describe('A stream', () => {
  afterEach(() => vi.useRealTimers());

  it('is made only as fast as it is read', async () => {
    let made = 0;
    async function* numbers() {
      for (;;) yield String(made++);
    }
    const reader = pullStream(numbers, never).getReader();
    expect(made).toBe(0);
    await reader.read();
    await reader.read();
    expect(made).toBe(2);
    await reader.cancel();
  });

  it('ends its source when the reader goes', async () => {
    let ended = false;
    async function* silent(signal: AbortSignal) {
      try {
        yield 'first';
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      } finally {
        ended = true;
      }
    }
    const reader = pullStream(silent, never).getReader();
    await reader.read();
    const waiting = reader.read();
    await reader.cancel();
    await waiting;
    expect(ended).toBe(true);
  });

  it('says now and then that it is still there', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const text = await eventStream(quiet, never).text();
    expect(text).toBe('retry: 1000\n\n: still here\n\n: still here\n\n');
  });

  it('tells its reader to come back when the server stops', async () => {
    const draining = new AbortController();
    async function* once(): AsyncGenerator<ServerSentEvent[]> {
      yield [{ id: '1', data: 'a' }];
      draining.abort();
    }
    const text = await eventStream(once, draining.signal).text();
    expect(text).toContain('data: a\n\nevent: shutdown\n');
  });
});

/** 31 seconds, in each of which nothing happens. */
async function* quiet(): AsyncGenerator<ServerSentEvent[]> {
  for (let second = 1; second <= 31; second++) {
    vi.setSystemTime(Date.now() + 1000);
    yield [];
  }
}
