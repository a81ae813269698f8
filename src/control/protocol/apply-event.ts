import { z } from 'zod';
import type { ServerDeps } from '../../deps.ts';
import { type Event, EventData } from '../../jobs/protocol/event.ts';
import { Step } from '../../jobs/run/step.ts';
import { onDeploy, onPhase, onReady, onSettled } from '../environments/deploy-events.ts';
import { type Transaction, transact } from '../outbox/transact.ts';
import { changeJob } from '../runs/job-change.ts';
import { type AttemptRow, endAttempt } from '../attempts/attempts.ts';
import { finish } from './finish.ts';

/** Applies an event once, in order, and says up to where its attempt is known. One that cannot be applied is parked and ends its attempt. */
export async function applyEvent(deps: ServerDeps, event: Event): Promise<void> {
  const said = await content(deps, event);
  try {
    if (said.success) await transact(deps, (t) => apply(t, event, said.data));
    else throw said.error;
  } catch (error) {
    deps.log.error(
      { err: error, attempt: event.attempt, seq: event.seq, type: event.type },
      'an event cannot be applied',
    );
    await transact(deps, (t) => park(t, event, error as Error));
  }
}

async function content(deps: ServerDeps, event: Event) {
  const blob = event.blob === null ? null : await deps.blobs.get(event.blob);
  const data: unknown = blob === null ? event.data : JSON.parse(blob.toString('utf8'));
  return EventData.safeParse({ type: event.type, data });
}

async function apply(t: Transaction, event: Event, said: EventData): Promise<void> {
  const attempt = await current(t, event);
  if (attempt === null) return;
  await t.sql.updateTable('attempts').set({ seq: event.seq }).where('id', '=', attempt.id).execute();
  await t.sql
    .insertInto('events')
    .values({ attempt_id: attempt.id, seq: event.seq, type: event.type, at: event.at, data: summary(said) })
    .execute();
  await follow(t, attempt, event.seq, said);
  acknowledge(t, event, event.seq);
  t.deps.metrics.events_applied.inc({ type: said.type });
}

/** The attempt when this is the event that comes next in it; else the sender is told where it stands. */
async function current(t: Transaction, event: Event): Promise<AttemptRow | null> {
  const attempt = await t.sql.selectFrom('attempts').selectAll().where('id', '=', event.attempt).executeTakeFirst();
  if (attempt?.worker === event.worker && event.seq <= attempt.seq) acknowledge(t, event, attempt.seq);
  else if (attempt?.status !== 'running' || attempt.worker !== event.worker)
    t.effects.push({ do: 'tell', worker: event.worker, message: { kind: 'superseded', attempt: event.attempt } });
  else if (event.seq > attempt.seq + 1) acknowledge(t, event, attempt.seq);
  else return attempt;
  return null;
}

function acknowledge(t: Transaction, event: Event, seq: number): void {
  t.effects.push({ do: 'tell', worker: event.worker, message: { kind: 'acknowledged', attempt: event.attempt, seq } });
}

async function follow(t: Transaction, attempt: AttemptRow, seq: number, said: EventData): Promise<void> {
  switch (said.type) {
    case 'step':
      return noteOnJob(t, attempt, 'steps', (steps) => placeStep(Step.array().parse(steps), said.data));
    case 'annotation':
      return noteOnJob(t, attempt, 'annotations', (annotations) => [...annotations, said.data]);
    case 'deploy':
      return onDeploy(t, attempt, seq, said.data);
    case 'ready':
      return onReady(t, attempt, seq, said.data);
    case 'phase':
      return onPhase(t, attempt, said.data);
    case 'settled':
      return onSettled(t, attempt, said.data);
    case 'finished':
      if (await endAttempt(t, attempt, said.data.verdict, said.data.log_size)) await finish(t, attempt, said.data);
  }
}

async function noteOnJob(
  t: Transaction,
  attempt: AttemptRow,
  column: 'steps' | 'annotations',
  note: (list: unknown[]) => unknown[],
): Promise<void> {
  if (attempt.subject !== 'job') return;
  const { change, job } = await changeJob(t, attempt.subject_id);
  change.setJob(job, { [column]: JSON.stringify(note(z.array(z.unknown()).parse(JSON.parse(job[column])))) });
  await change.save();
}

function placeStep(steps: Step[], step: Step): Step[] {
  return [...steps.filter(({ number }) => number !== step.number), step].toSorted((a, b) => a.number - b.number);
}

/** A plan's graph goes into runs and jobs; of the event itself only that it came is kept. */
function summary(said: EventData): string {
  if (said.type !== 'finished') return JSON.stringify(said.data);
  const { plan: _, ...rest } = said.data;
  return JSON.stringify(rest);
}

async function park(t: Transaction, event: Event, error: Error): Promise<void> {
  await t.sql
    .insertInto('parked')
    .values({ text: JSON.stringify(event), error: String(error.stack ?? error), at: t.now })
    .execute();
  const attempt = await current(t, event);
  if (attempt === null) return;
  const verdict = { status: 'errored' as const, reason: `internal: ${error.message}`.slice(0, 500), exit_code: null };
  t.effects.push({ do: 'tell', worker: event.worker, message: { kind: 'superseded', attempt: event.attempt } });
  if (await endAttempt(t, attempt, verdict, null)) await finish(t, attempt, { verdict, outputs: {}, log_size: 0 });
}
