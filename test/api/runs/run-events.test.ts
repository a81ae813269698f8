import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type HttpServer, serve } from '../../../src/api/http-server.ts';
import { transact } from '../../../src/control/outbox/transact.ts';
import { cancelRun } from '../../../src/control/runs/cancel-run.ts';
import { recordStep } from '../../../src/control/runs/progress.ts';
import { changeRun } from '../../../src/control/runs/run-change.ts';
import { collectEvents, nextEvent, readEvents, streamClient } from '../event-stream.ts';
import { type ApiHarness, openApiHarness } from '../harness.ts';

let api: ApiHarness;
let server: HttpServer;
let run: string;
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
  run = (await api.json('POST', '/api/v1/jobs', { image: 'busybox', run: 'true' })).body.run_id;
});
afterEach(() => streams.disconnectAll());

describe("A run's events", () => {
  it('start with the whole run, continue with each revision, and end when the run ends', async () => {
    const response = await openEvents();
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(response.headers.get('cache-control')).toContain('no-transform');
    const events = readEvents(response);
    const first = await nextEvent(events);
    const shown = (await api.json('GET', `/api/v1/runs/${run}`)).body;
    const { jobs, ...rest } = shown;
    expect(first).toMatchObject({ id: '1', event: 'run' });
    expect(JSON.parse(first.data)).toEqual({ rev: 1, run: rest, jobs });

    await addRevision();
    const second = await nextEvent(events);
    expect(second).toMatchObject({ id: '2', event: 'run' });
    expect(JSON.parse(second.data)).toMatchObject({ rev: 2, run: { id: run } });

    await cancelRun(api.deps, run, { force: false, reason: 'enough' });
    expect(JSON.parse((await nextEvent(events)).data)).toMatchObject({
      rev: 3,
      run: { status: 'cancelled' },
      jobs: [{ status: 'cancelled' }],
    });
    expect(await nextEvent(events)).toEqual({ id: null, event: 'end', data: '{"status":"cancelled"}' });
    expect((await events.next()).done).toBe(true);
  });

  it('resume after Last-Event-ID without losing or repeating a revision', async () => {
    for (let i = 0; i < 120; i++) await addRevision();
    await cancelRun(api.deps, run, { force: false, reason: 'enough' });
    const events = await collectEvents(await openEvents('7'));
    const ids = events.filter(({ event }) => event === 'run').map(({ id }) => Number(id));
    expect(ids).toEqual(Array.from({ length: 115 }, (_, index) => index + 8));
    expect(events.at(-1)?.event).toBe('end');
  });

  it('show all steps at each revision, although a revision stores only the step that changed', async () => {
    const count = 200;
    for (let number = 1; number <= count; number++) {
      await recordStepOf(number, 'running');
      await recordStepOf(number, 'succeeded');
    }
    await cancelRun(api.deps, run, { force: false, reason: 'enough' });
    const messages = await collectEvents(await openEvents('2'));
    const steps = messages.slice(0, -2).map(({ data }) => JSON.parse(data).jobs[0].steps);
    expect(steps.map((list) => list.length)).toEqual(
      Array.from({ length: 2 * count - 1 }, (_, index) => Math.floor(index / 2 + 1.5)),
    );
    expect(steps[1].map(({ status }: { status: string }) => status)).toEqual(['succeeded', 'running']);
    const stored = await api.deps.store.read.selectFrom('revisions').selectAll().where('run_id', '=', run).execute();
    expect(Math.max(...stored.map(({ data }) => data.length))).toBeLessThan(2000);
  });

  it('end immediately for a client that has received all of them', async () => {
    await cancelRun(api.deps, run, { force: false, reason: 'enough' });
    expect(await collectEvents(await openEvents('2'))).toEqual([
      { id: null, event: 'end', data: '{"status":"cancelled"}' },
    ]);
  });

  it.each(['3', '99999', '-1', '1x', 'att_1-5', '9'.repeat(20)])('do not resume from %s', async (id) => {
    expect((await openEvents(id)).status).toBe(400);
  });

  it('of an unknown run are answered with 404', async () => {
    run = 'run_none';
    expect((await openEvents()).status).toBe(404);
  });

  it('arrive without Redis, with a delay', async () => {
    const events = readEvents(await openEvents());
    await nextEvent(events);
    await api.redis.stop();
    await addRevision();
    expect((await nextEvent(events)).id).toBe('2');
    await api.redis.start();
  });

  it('cannot be forged by text from a job', async () => {
    const evil = 'x\n\nevent: end\ndata: {}\r\revent: end\r\n\r\n';
    await transact(api.deps, async (t) => {
      const change = await changeRun(t, run);
      change.setRun({ reason: evil });
      await change.save();
    });
    const events = readEvents(await openEvents());
    const first = await nextEvent(events);
    expect(JSON.parse(first.data).run.reason).toBe(evil);
    await addRevision();
    expect((await nextEvent(events)).event).toBe('run');
  });

  it('release their subscriptions when the client disconnects', async () => {
    const subscriptions: string[] = [];
    const { wakeups } = api.deps;
    const listen = wakeups.listen;
    wakeups.listen = (channel, handle) => {
      const leave = listen(channel, handle);
      subscriptions.push(channel);
      return () => {
        subscriptions.splice(subscriptions.indexOf(channel), 1);
        leave();
      };
    };
    const readers = await Promise.all(Array.from({ length: 20 }, () => openEvents()));
    for (const reader of readers) await nextEvent(readEvents(reader));
    await expect.poll(() => subscriptions.length).toBe(20);
    streams.disconnectAll();
    await expect.poll(() => subscriptions.length).toBe(0);
    wakeups.listen = listen;
  });
});

function openEvents(lastId?: string): Promise<Response> {
  const url = `http://127.0.0.1:${server.port}/api/v1/runs/${run}/events`;
  return streams.open(url, lastId === undefined ? {} : { 'last-event-id': lastId });
}

function addRevision(): Promise<void> {
  return transact(api.deps, async (t) => {
    const change = await changeRun(t, run);
    await change.save();
  });
}

async function recordStepOf(number: number, status: 'running' | 'succeeded'): Promise<void> {
  await transact(api.deps, async (t) => {
    const attempt = await t.sql
      .selectFrom('attempts')
      .innerJoin('jobs', 'jobs.id', 'attempts.subject_id')
      .selectAll('attempts')
      .where('jobs.run_id', '=', run)
      .executeTakeFirstOrThrow();
    const times = { started_at: 1, finished_at: status === 'running' ? null : 2 };
    await recordStep(t, attempt, { number, id: null, name: 'Run', status, reason: null, exit_code: null, ...times });
  });
}
