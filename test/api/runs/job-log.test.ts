import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type HttpServer, serve } from '../../../src/api/http-server.ts';
import { cancelRun } from '../../../src/control/runs/cancel-run.ts';
import { collectEvents, nextEvent, type ReceivedEvent, readEvents, streamClient } from '../event-stream.ts';
import { type ApiHarness, openApiHarness } from '../harness.ts';

const AT = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

let api: ApiHarness;
let server: HttpServer;
let job: string;
let run: string;
let attempt: string;
const streams = streamClient();

beforeAll(async () => {
  api = await openApiHarness({ port: 0 });
  server = await serve(api.deps);
});
afterAll(async () => {
  await server.close();
  await api.close();
});
beforeEach(async () => {
  ({ id: job, run_id: run } = (await api.json('POST', '/api/v1/jobs', { image: 'busybox', run: 'true' })).body);
  attempt = await attemptOf(1);
});
afterEach(() => streams.disconnectAll());

describe("A job's log as events", () => {
  it('streams the file line by line, until the job ends', async () => {
    const events = readEvents(await openLog());
    await write(attempt, [line('one'), line('two', 2, 'stderr')]);
    expect(await nextEvent(events)).toEqual({
      id: `${attempt}-${line('one').length}`,
      event: 'message',
      data: JSON.stringify({ at: '2026-01-02T03:04:05.678Z', attempt: 1, step: 1, stream: 'stdout', text: 'one' }),
    });
    expect(JSON.parse((await nextEvent(events)).data)).toMatchObject({ step: 2, stream: 'stderr', text: 'two' });
    await write(attempt, [line('three')]);
    expect(textOf(await nextEvent(events))).toBe('three');
    await endJob();
    expect(await nextEvent(events)).toMatchObject({
      event: 'end',
      data: expect.stringContaining('"status":"cancelled"'),
    });
    expect((await events.next()).done).toBe(true);
  });

  it('resumes after every line without losing or repeating one', async () => {
    await write(
      attempt,
      ['a', 'ü€😀', '', 'd'].map((text) => line(text)),
    );
    await endJob();
    const whole = (await collectEvents(await openLog())).filter(({ event }) => event === 'message');
    expect(whole.map(textOf)).toEqual(['a', 'ü€😀', '', 'd']);
    for (const [index, { id }] of whole.entries()) {
      const rest = (await collectEvents(await openLog({ 'last-event-id': id ?? '' }))).filter(
        ({ event }) => event === 'message',
      );
      expect(rest).toEqual(whole.slice(index + 1));
    }
  });

  it('contains the attempts in order', async () => {
    await write(attempt, [line('of the first')]);
    const events = readEvents(await openLog());
    expect(JSON.parse((await nextEvent(events)).data)).toMatchObject({ attempt: 1, text: 'of the first' });
    const second = await nextAttempt();
    await write(second, [line('of the second')]);
    const later = await nextEvent(events);
    expect(later.id).toBe(`${second}-${line('of the second').length}`);
    expect(JSON.parse(later.data)).toMatchObject({ attempt: 2, text: 'of the second' });
    await endJob();
    expect((await nextEvent(events)).event).toBe('end');
    const resumed = await collectEvents(
      await openLog({ 'last-event-id': `${attempt}-${line('of the first').length}` }),
    );
    expect(resumed.map(({ event }) => event)).toEqual(['message', 'end']);
    expect((await collectEvents(await openLog({}, '?attempt=1'))).map(textOf)).toEqual(['of the first', undefined]);
  });

  it('loses no line of a long log for a slow client', async () => {
    const lines = Array.from({ length: 20_000 }, (_, index) => line(`${index} ${'x'.repeat(80)}`));
    await write(attempt, lines);
    await endJob();
    const response = await openLog();
    const seen: number[] = [];
    for await (const event of readEvents(response)) {
      if (seen.length % 5000 === 0) await new Promise((resolve) => setImmediate(resolve));
      if (event.event === 'message') seen.push(Number(textOf(event)?.split(' ')[0]));
    }
    expect(seen).toEqual(lines.map((_, index) => index));
  });

  it('cannot be forged by the output of a job', async () => {
    const evil = ['id: 7', 'event: end', 'data: {}', 'x\r\revent: end\rdata: 1', '\u2028\u0000\u001b[2J', ': y'];
    await write(
      attempt,
      evil.map((text) => line(text)),
    );
    await endJob();
    const events = await collectEvents(await openLog());
    expect(events.slice(0, -1).map(textOf)).toEqual(evil);
    expect(events.map(({ event }) => event)).toEqual([...evil.map(() => 'message'), 'end']);
  });

  it.each(['1', 'att_1-0', 'x', '-5', 'att_00000000000000000000000000-0'])('does not resume from %s', async (id) => {
    expect((await openLog({ 'last-event-id': id })).status).toBe(400);
  });

  it('does not resume from the middle of a line, or from a position after the end', async () => {
    await write(attempt, [line('one')]);
    expect((await openLog({ 'last-event-id': `${attempt}-3` })).status).toBe(400);
    expect((await openLog({ 'last-event-id': `${attempt}-${line('one').length + 1}` })).status).toBe(400);
  });

  it('ends immediately for a job that never ran', async () => {
    await endJob();
    expect(await collectEvents(await openLog())).toEqual([expect.objectContaining({ event: 'end' })]);
  });

  it('of an unknown job is answered with 404', async () => {
    job = 'job_none';
    expect((await openLog()).status).toBe(404);
    expect((await openLog({ accept: 'text/plain' })).status).toBe(404);
  });

  it('is not read ahead for clients that do not read', async () => {
    await write(
      attempt,
      Array.from({ length: 50_000 }, () => line('x'.repeat(200))),
    );
    const read = vi.spyOn(api.deps.logs, 'read');
    await Promise.all(Array.from({ length: 50 }, () => openLog()));
    expect((await openLog({ accept: 'text/plain' })).status).toBe(200);
    // Reading stops when the sockets are full, long before the 160 reads that the whole file takes for each client.
    let before = -1;
    const newReads = () => {
      const added = read.mock.calls.length - before;
      before += added;
      return added;
    };
    await expect.poll(newReads, { interval: 200, timeout: 10_000 }).toBe(0);
    expect(before).toBeLessThan(51 * 60);
  });
});

describe("A job's log as text", () => {
  const asText = { accept: 'text/plain' };

  it('contains the lines so far, and may be empty', async () => {
    const empty = await openLog(asText);
    expect(empty.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect([empty.status, await empty.text()]).toEqual([200, '']);
    await write(attempt, [line('one'), line('two')]);
    expect(await (await openLog(asText)).text()).toBe('one\ntwo\n');
  });

  it('contains all attempts, or only the requested one', async () => {
    await write(attempt, [line('first')]);
    await write(await nextAttempt(), [line('second')]);
    expect(await (await openLog(asText)).text()).toBe('first\nsecond\n');
    expect(await (await openLog(asText, '?attempt=2')).text()).toBe('second\n');
    expect((await openLog(asText, '?attempt=3')).status).toBe(404);
    expect((await openLog(asText, '?attempt=0')).status).toBe(422);
  });

  it('continues with follow=true until the job ends', async () => {
    const following = await openLog(asText, '?follow=true');
    const text = following.text();
    await write(attempt, [line('one')]);
    await endJob();
    expect(await text).toBe('one\n');
  });
});

function line(text: string, step = 1, stream = 'stdout'): string {
  return Buffer.from(`${AT} ${step} ${stream} ${text}\n`).toString('latin1');
}

/** Appends lines and publishes a wakeup, like a worker. In `lines`, each character is one byte. */
async function write(to: string, lines: string[]): Promise<void> {
  const bytes = Buffer.from(lines.join(''), 'latin1');
  const size = await api.deps.logs.size(to);
  await api.deps.logs.append(to, size, bytes);
  await api.deps.bus.wake(`log:${to}`, String(size + bytes.length));
}

/** Ends the current attempt as errored and inserts the next one, as after a lost worker. */
async function nextAttempt(): Promise<string> {
  const id = api.deps.newId('att');
  await api.deps.store.write(async (sql) => {
    await sql.updateTable('attempts').set({ status: 'ended', verdict: 'errored' }).where('id', '=', attempt).execute();
    const row = {
      id,
      subject: 'job' as const,
      subject_id: job,
      number: 2,
      lane: 'test' as const,
      status: 'offered' as const,
    };
    await sql
      .insertInto('attempts')
      .values({ ...row, offered_at: 0 })
      .execute();
  });
  return id;
}

async function attemptOf(number: number): Promise<string> {
  const row = await api.deps.store.read
    .selectFrom('attempts')
    .select('id')
    .where('subject_id', '=', job)
    .where('number', '=', number)
    .executeTakeFirstOrThrow();
  return row.id;
}

async function endJob(): Promise<void> {
  await cancelRun(api.deps, run, { force: false, reason: 'enough' });
}

function openLog(headers: Record<string, string> = {}, query = ''): Promise<Response> {
  return streams.open(`http://127.0.0.1:${server.port}/api/v1/jobs/${job}/logs${query}`, headers);
}

function textOf(event: ReceivedEvent): string | undefined {
  return (JSON.parse(event.data) as { text?: string }).text;
}
