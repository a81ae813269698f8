import { afterEach, describe, expect, it, vi } from 'vitest';
import { eventStream, frame, pullStream, type ServerSentEvent } from '../../../src/api/http/sse.ts';

const never = new AbortController().signal;

describe('An event', () => {
  it('consists of its fields and an empty line', () => {
    expect(frame({ id: '7', event: 'run', data: '{}' })).toBe('id: 7\nevent: run\ndata: {}\n\n');
  });

  it.each(['\n', '\r', '\r\n'])('with the line break %j in its data has a second data line', (end) => {
    expect(frame({ data: `a${end}event: end` })).toBe('data: a\ndata: event: end\n\n');
  });

  it('has no line breaks in its id and name', () => {
    expect(frame({ id: '1\nevent: x', event: 'a\r\ndata: b', data: '' })).toBe(
      'id: 1event: x\nevent: adata: b\ndata: \n\n',
    );
  });
});

describe('A stream', () => {
  afterEach(() => vi.useRealTimers());

  it('is produced only as fast as it is read', async () => {
    let produced = 0;
    async function* numbers() {
      for (;;) yield String(produced++);
    }
    const reader = pullStream(numbers, never).getReader();
    expect(produced).toBe(0);
    await reader.read();
    await reader.read();
    expect(produced).toBe(2);
    await reader.cancel();
  });

  it('ends its source when the client disconnects', async () => {
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

  it('sends keep-alive comments', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const text = await eventStream(quiet, never).text();
    expect(text).toBe('retry: 1000\n\n: keep-alive\n\n: keep-alive\n\n');
  });

  it('asks the client to reconnect when the server shuts down', async () => {
    const draining = new AbortController();
    async function* once(): AsyncGenerator<ServerSentEvent[]> {
      yield [{ id: '1', data: 'a' }];
      draining.abort();
    }
    const text = await eventStream(once, draining.signal).text();
    expect(text).toContain('data: a\n\nevent: shutdown\n');
  });
});

/** 31 seconds without an event. */
async function* quiet(): AsyncGenerator<ServerSentEvent[]> {
  for (let second = 1; second <= 31; second++) {
    vi.setSystemTime(Date.now() + 1000);
    yield [];
  }
}
