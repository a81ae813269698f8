import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type HttpServer, serve } from '../../../src/api/http-server.ts';
import { transact } from '../../../src/control/outbox/transact.ts';
import { cancelRun } from '../../../src/control/runs/cancel-run.ts';
import { changeRun } from '../../../src/control/runs/run-change.ts';
import { collect, type ReceivedEvent, readEvents } from '../event-stream.ts';
import { type ApiHarness, openApiHarness, TOKEN } from '../harness.ts';

let api: ApiHarness;
let server: HttpServer;
let run: string;
const leaving = new Set<AbortController>();

beforeAll(async () => {
  api = await openApiHarness({ port: 0 });
  server = await serve(api.deps);
});
afterAll(async () => {
  await server.close();
  await api.close();
});
beforeEach(async () => {
  run = (await api.json('POST', '/api/v1/jobs', { image: 'busybox', run: 'true' })).body.run_id;
});
afterEach(() => {
  for (const controller of leaving) controller.abort();
  leaving.clear();
});

describe("A run's events", () => {
  it('begin with the whole run, go on with each rev, and end with the run', async () => {
    const response = await openEvents();
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(response.headers.get('cache-control')).toContain('no-transform');
    const events = read(response);
    const first = await next(events);
    const shown = (await api.json('GET', `/api/v1/runs/${run}`)).body;
    const { jobs, ...rest } = shown;
    expect(first).toMatchObject({ id: '1', event: 'run' });
    expect(JSON.parse(first.data)).toEqual({ rev: 1, run: rest, jobs });

    await step();
    const second = await next(events);
    expect(second).toMatchObject({ id: '2', event: 'run' });
    expect(JSON.parse(second.data)).toMatchObject({ rev: 2, run: { id: run } });

    await cancelRun(api.deps, run, { force: false, reason: 'enough' });
    expect(JSON.parse((await next(events)).data)).toMatchObject({
      rev: 3,
      run: { status: 'cancelled' },
      jobs: [{ status: 'cancelled' }],
    });
    expect(await next(events)).toEqual({ id: null, event: 'end', data: '{"status":"cancelled"}' });
    expect((await events.next()).done).toBe(true);
  });

  it('resume after Last-Event-ID without a lost or doubled rev', async () => {
    for (let i = 0; i < 120; i++) await step();
    await cancelRun(api.deps, run, { force: false, reason: 'enough' });
    const events = await collect(await body('7'));
    const ids = events.filter(({ event }) => event === 'run').map(({ id }) => Number(id));
    expect(ids).toEqual(Array.from({ length: 115 }, (_, index) => index + 8));
    expect(events.at(-1)?.event).toBe('end');
  });

  it('end at once for whoever has seen the end', async () => {
    await cancelRun(api.deps, run, { force: false, reason: 'enough' });
    expect(await collect(await body('2'))).toEqual([{ id: null, event: 'end', data: '{"status":"cancelled"}' }]);
  });

  it.each(['3', '99999', '-1', '1x', 'att_1-5', '9'.repeat(20)])('do not resume from %s', async (id) => {
    expect((await openEvents(id)).status).toBe(400);
  });

  it('are none of a run that there is not', async () => {
    run = 'run_none';
    expect((await openEvents()).status).toBe(404);
  });

  it('come without Redis, a moment later', async () => {
    const events = read(await openEvents());
    await next(events);
    await api.redis.stop();
    await step();
    expect((await next(events)).id).toBe('2');
    await api.redis.start();
  });

  it('cannot be forged by what a job says', async () => {
    const evil = 'x\n\nevent: end\ndata: {}\r\revent: end\r\n\r\n';
    await transact(api.deps, async (t) => {
      const change = await changeRun(t, run);
      change.setRun({ reason: evil });
      await change.save();
    });
    const events = read(await openEvents());
    const first = await next(events);
    expect(JSON.parse(first.data).run.reason).toBe(evil);
    await step();
    expect((await next(events)).event).toBe('run');
  });

  it('stop costing anything when the reader goes', async () => {
    const rings: string[] = [];
    const { wakeups } = api.deps;
    const listen = wakeups.listen;
    wakeups.listen = (channel, handle) => {
      const leave = listen(channel, handle);
      rings.push(channel);
      return () => {
        rings.splice(rings.indexOf(channel), 1);
        leave();
      };
    };
    const readers = await Promise.all(Array.from({ length: 20 }, () => openEvents()));
    for (const reader of readers) await next(read(reader));
    await expect.poll(() => rings.length).toBe(20);
    for (const controller of leaving) controller.abort();
    await expect.poll(() => rings.length).toBe(0);
    wakeups.listen = listen;
  });
});

async function openEvents(lastId?: string): Promise<Response> {
  const controller = new AbortController();
  leaving.add(controller);
  return fetch(`http://127.0.0.1:${server.port}/api/v1/runs/${run}/events`, {
    headers: { authorization: `Bearer ${TOKEN}`, ...(lastId !== undefined && { 'last-event-id': lastId }) },
    signal: controller.signal,
  });
}

async function body(lastId: string): Promise<ReadableStream<Uint8Array>> {
  const response = await openEvents(lastId);
  if (response.body === null) throw new Error(`no body with ${response.status}`);
  return response.body;
}

function read(response: Response): AsyncGenerator<ReceivedEvent> {
  if (response.body === null) throw new Error(`no body with ${response.status}`);
  return readEvents(response.body);
}

async function next(events: AsyncGenerator<ReceivedEvent>): Promise<ReceivedEvent> {
  const { done, value } = await events.next();
  if (done) throw new Error('the stream ended');
  return value;
}

/** One rev further. */
function step(): Promise<void> {
  return transact(api.deps, async (t) => {
    const change = await changeRun(t, run);
    await change.save();
  });
}
