import type { ServerDeps } from '../../deps.ts';
import { messageOf } from '../../error.ts';
import { JSON_LIMIT } from '../../jobs/json.ts';
import { type Event, EventData } from '../../jobs/protocol/event.ts';
import type { WorkerMessage } from '../../jobs/protocol/message.ts';
import type { AttemptRow } from '../attempts/attempts.ts';
import { onDeploy, onPhase, onReady, onSettled } from '../environments/deploy-events.ts';
import { type TransactDeps, type Transaction, transact } from '../outbox/transact.ts';
import { recordAnnotation, recordStep } from '../runs/progress.ts';
import { finishAttempt, finishErrored } from './finish.ts';

/**
 * Applies an event once and in order, and acknowledges it. An event that cannot be applied is parked, and its attempt ends as
 * errored.
 */
export async function applyEvent(deps: TransactDeps & Pick<ServerDeps, 'blobs' | 'log'>, event: Event): Promise<void> {
  try {
    const data = await readData(deps, event);
    await transact(deps, (t) => apply(t, event, data));
  } catch (error) {
    const { attempt, seq, type } = event;
    deps.log.error(
      { err: error, attempt, seq, type },
      'cannot apply event; it is parked and its attempt ends as errored',
    );
    await transact(deps, (t) => park(t, event, error));
  }
}

async function readData({ blobs }: Pick<ServerDeps, 'blobs'>, { type, data, blob }: Event): Promise<EventData> {
  const stored = blob === null ? null : await blobs.read(blob, JSON_LIMIT);
  return EventData.parse({ type, data: stored === null ? data : JSON.parse(stored.toString('utf8')) });
}

async function apply(t: Transaction, event: Event, content: EventData): Promise<void> {
  const attempt = await nextInOrder(t, event);
  if (attempt === null) return;
  await t.sql.updateTable('attempts').set({ seq: event.seq }).where('id', '=', attempt.id).execute();
  await applyData(t, attempt, event.seq, content);
  acknowledge(t, event, event.seq);
  t.onCommit(({ metrics }) => metrics.events_applied.inc({ type: content.type }));
}

/** The attempt, when this is its next event. Otherwise replies with the last applied number, or with `superseded`. */
async function nextInOrder(t: Transaction, event: Event): Promise<AttemptRow | null> {
  const attempt = await t.sql.selectFrom('attempts').selectAll().where('id', '=', event.attempt).executeTakeFirst();
  if (attempt?.worker === event.worker && event.seq <= attempt.seq) acknowledge(t, event, attempt.seq);
  else if (attempt?.status !== 'running' || attempt.worker !== event.worker) supersede(t, event);
  else if (event.seq > attempt.seq + 1) acknowledge(t, event, attempt.seq);
  else return attempt;
  return null;
}

function acknowledge(t: Transaction, event: Event, seq: number): void {
  reply(t, event, { kind: 'acknowledged', attempt: event.attempt, seq });
}

function supersede(t: Transaction, event: Event): void {
  reply(t, event, { kind: 'superseded', attempt: event.attempt });
}

function reply(t: Transaction, { worker, reply_to = worker }: Event, message: WorkerMessage): void {
  t.effects.push({ do: 'send', worker: reply_to, message });
}

async function applyData(t: Transaction, attempt: AttemptRow, seq: number, { type, data }: EventData): Promise<void> {
  switch (type) {
    case 'step':
      return recordStep(t, attempt, data);
    case 'annotation':
      return recordAnnotation(t, attempt, data);
    case 'deploy':
      return onDeploy(t, attempt, seq, data);
    case 'ready':
      return onReady(t, attempt, seq, data);
    case 'phase':
      return onPhase(t, attempt, data);
    case 'settled':
      return onSettled(t, attempt, data);
    case 'finished':
      return finishAttempt(t, attempt, data);
  }
}

async function park(t: Transaction, event: Event, error: unknown): Promise<void> {
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  await t.sql
    .insertInto('parked')
    .values({ text: JSON.stringify(event), error: trace, at: t.now })
    .execute();
  const attempt = await nextInOrder(t, event);
  if (attempt === null) return;
  supersede(t, event);
  await finishErrored(t, attempt, `internal: ${messageOf(error)}`.slice(0, 500));
}
