import type { Row, ServerDeps } from '../../deps.ts';
import { type Trigger, trimPayload } from '../../jobs/run/trigger.ts';
import { newAttempt } from '../attempts/attempts.ts';
import { type TransactDeps, type Transaction, transact } from '../outbox/transact.ts';
import { deliveryTrigger } from '../stored/columns.ts';
import { insertRun } from './runs.ts';

export type DeliveryDeps = TransactDeps & Pick<ServerDeps, 'blobs'>;

/** A webhook with a valid signature. Without a trigger it starts nothing, and is stored with the reason. */
export interface NewDelivery {
  guid: string | null;
  body_hash: string | null;
  event: string;
  action: string | null;
  repo: string | null;
  repo_id: string | null;
  trigger: Trigger | null;
  reason: string | null;
}

/**
 * The delivery is on disk when this resolves. A repeated webhook is the same delivery: it has the same GUID or, because the
 * signature does not cover headers, the same event and `body_hash`.
 */
export async function submitDelivery(
  deps: DeliveryDeps,
  delivery: NewDelivery,
): Promise<{ delivery: string; outcome: 'accepted' | 'seen' | 'ignored'; reason: string | null }> {
  const payload_blob = delivery.trigger === null ? null : await putPayload(deps, delivery.trigger);
  return transact(deps, async (t) => {
    const inserted = await t.sql
      .insertInto('deliveries')
      .values(deliveryRow(t, { ...delivery, source: 'github', payload_blob, workflow: null }))
      .onConflict((conflict) => conflict.doNothing())
      .returning('id')
      .executeTakeFirst();
    if (inserted === undefined) {
      const { id, received_at } = await findRepeated(t, delivery);
      const reason = `already received at ${new Date(received_at).toISOString()}`;
      return { delivery: id, outcome: 'seen' as const, reason };
    }
    const { id } = inserted;
    if (delivery.trigger === null) return { delivery: id, outcome: 'ignored' as const, reason: delivery.reason };
    await newAttempt(t, { subject: 'delivery', subject_id: id, lane: 'plan' });
    return { delivery: id, outcome: 'accepted' as const, reason: null };
  });
}

/** Starts a run without a webhook. The run exists at once, so that the caller can follow it. Its plan adds the jobs. */
export async function startRun(
  deps: DeliveryDeps,
  wanted: {
    repo_id: string;
    repo: string;
    default_branch: string;
    ref: string;
    workflow: string | null;
    actor: string | null;
  },
): Promise<{ run: string }> {
  const trigger = apiTrigger(wanted);
  const payload_blob = await putPayload(deps, trigger);
  return transact(deps, async (t) => {
    const row = deliveryRow(t, {
      guid: null,
      body_hash: null,
      event: 'api',
      action: null,
      repo: wanted.repo,
      repo_id: wanted.repo_id,
      trigger,
      reason: null,
      source: 'api',
      payload_blob,
      workflow: wanted.workflow,
    });
    const delivery = await t.sql.insertInto('deliveries').values(row).returningAll().executeTakeFirstOrThrow();
    const run = await insertRun(t, delivery, trigger, null);
    await t.sql.updateTable('deliveries').set({ run_id: run }).where('id', '=', delivery.id).execute();
    await newAttempt(t, { subject: 'delivery', subject_id: delivery.id, lane: 'plan' });
    return { run };
  });
}

function apiTrigger(wanted: { repo: string; default_branch: string; ref: string; actor: string | null }): Trigger {
  const isSha = /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(wanted.ref);
  const [owner = ''] = wanted.repo.split('/');
  return {
    kind: 'api',
    event: 'workflow_dispatch',
    action: null,
    ref: isSha ? `refs/heads/${wanted.default_branch}` : fullRef(wanted.ref),
    sha: isSha ? wanted.ref : null,
    before: null,
    forced: false,
    base_ref: null,
    head_ref: null,
    actor: wanted.actor,
    payload: {
      repository: { full_name: wanted.repo, default_branch: wanted.default_branch, owner: { login: owner } },
      inputs: {},
    },
  };
}

function fullRef(ref: string): string {
  return ref.startsWith('refs/') ? ref : `refs/heads/${ref}`;
}

async function putPayload({ blobs }: Pick<ServerDeps, 'blobs'>, trigger: Trigger): Promise<string> {
  const { hash } = await blobs.put(Buffer.from(JSON.stringify(trigger.payload)));
  return hash;
}

/** The stored delivery that conflicts with this one. */
function findRepeated(
  t: Pick<Transaction, 'sql'>,
  { guid, body_hash, event }: NewDelivery,
): Promise<Pick<Row<'deliveries'>, 'id' | 'received_at'>> {
  return t.sql
    .selectFrom('deliveries')
    .select(['id', 'received_at'])
    .where((eb) => eb.or([eb('guid', '=', guid), eb.and([eb('body_hash', '=', body_hash), eb('event', '=', event)])]))
    .executeTakeFirstOrThrow();
}

function deliveryRow(
  t: Pick<Transaction, 'now' | 'newId'>,
  delivery: NewDelivery & { source: 'github' | 'api'; payload_blob: string | null; workflow: string | null },
) {
  const { trigger, reason, ...columns } = delivery;
  const kept = trigger === null ? null : { ...trigger, payload: trimPayload(trigger.payload) };
  return {
    id: t.newId('dlv'),
    ...columns,
    ref: trigger?.ref ?? null,
    sha: trigger?.sha ?? null,
    status: trigger === null ? ('ignored' as const) : ('received' as const),
    reason,
    trigger: kept === null ? null : deliveryTrigger.write(kept),
    received_at: t.now,
  };
}
