import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { parseData, parseEvents, type StreamEvent } from '../../../src/cli/client/event-stream.ts';

async function parse(...chunks: string[]): Promise<StreamEvent[]> {
  const events: StreamEvent[] = [];
  for await (const event of parseEvents(Readable.from(chunks) as AsyncIterable<string>)) events.push(event);
  return events;
}

test('An event is parsed correctly wherever its chunks are split', async () => {
  const text = 'retry: 1000\n\nid: 7\nevent: run\ndata: {"a":\ndata: 1}\n\n: keep-alive\n\ndata: b\r\n\r\n';
  const whole = [
    { id: '7', event: 'run', data: '{"a":\n1}' },
    { id: null, event: 'message', data: 'b' },
  ];
  expect(await parse(text)).toEqual(whole);
  for (let cut = 1; cut < text.length; cut++) expect(await parse(text.slice(0, cut), text.slice(cut))).toEqual(whole);
});

test('An event without a terminating empty line is discarded', async () => {
  expect(await parse('id: 1\ndata: a\n\nid: 2\ndata: half')).toEqual([{ id: '1', event: 'message', data: 'a' }]);
});

test('The end event needs no data', async () => {
  expect(await parse('event: end\ndata: \n\n')).toEqual([{ id: null, event: 'end', data: '' }]);
});

test('Data that does not match its schema is an error with advice', () => {
  const schema = z.object({ a: z.int() });
  expect(parseData('{"a":1}', schema)).toEqual({ a: 1 });
  for (const data of ['{"a":"x"}', 'torn'])
    expect(() => parseData(data, schema)).toThrow(
      expect.objectContaining({
        message: 'unexpected event from the server',
        advice: expect.stringMatching(/version/),
      }),
    );
});
