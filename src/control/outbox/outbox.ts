import type { ServerDeps } from '../../deps.ts';
import { hasCode } from '../../error.ts';
import { Effect } from '../../jobs/protocol/effect.ts';
import { makeOffers } from '../attempts/offers.ts';
import { sendAnswer } from '../environments/answers.ts';
import { advanceEnvironment } from '../environments/environments.ts';

const BATCH = 200;
/** Rings and the like are worth nothing to anyone after this long: readers and workers have looked for themselves. */
const STALE = 60_000;

const draining = new WeakMap<ServerDeps, { again: boolean; done: Promise<void> }>();

/** Does what committed transactions left to be done, in order; one drainer at a time. Never rejects: what cannot be done now stays. */
export function drainOutbox(deps: ServerDeps): Promise<void> {
  const current = draining.get(deps);
  if (current) {
    current.again = true;
    return current.done;
  }
  const state = { again: false, done: Promise.resolve() };
  state.done = drain(deps, state)
    .catch((error: unknown) => deps.log.warn({ err: error }, 'effects wait in the outbox'))
    .finally(() => draining.delete(deps));
  draining.set(deps, state);
  return state.done;
}

async function drain(deps: ServerDeps, state: { again: boolean }): Promise<void> {
  do {
    state.again = false;
    const rows = await deps.store.read.selectFrom('outbox').selectAll().orderBy('id').limit(BATCH).execute();
    if (rows.length === 0) continue;
    let offers = false;
    for (const row of rows) {
      const effect = Effect.parse(JSON.parse(row.effect));
      if (effect.do === 'offer') offers = true;
      else if (deps.now() - row.at < STALE || effect.do === 'withdraw' || effect.do === 'environment')
        await performOrGoOn(deps, effect);
    }
    if (offers) await makeOffers(deps);
    const last = rows.at(-1)?.id ?? 0;
    await deps.store.write((sql) => sql.deleteFrom('outbox').where('id', '<=', last).execute());
    state.again ||= rows.length === BATCH;
  } while (state.again);
}

/** Only a Redis that is away holds up what comes after; anything else is looked at again by the sweep, or asked for again. */
async function performOrGoOn(deps: ServerDeps, effect: Exclude<Effect, { do: 'offer' }>): Promise<void> {
  try {
    await perform(deps, effect);
  } catch (error) {
    if (hasCode(error, 'unreachable')) throw error;
    deps.log.error({ err: error, effect }, 'an effect cannot be had');
  }
}

async function perform(deps: ServerDeps, effect: Exclude<Effect, { do: 'offer' }>): Promise<void> {
  switch (effect.do) {
    case 'withdraw':
      return deps.offers.withdraw(effect.lane, effect.attempt);
    case 'wake':
      return deps.bus.wake(effect.channel, effect.text);
    case 'tell':
      return deps.bus.tell(effect.worker, effect.message);
    case 'stop':
      return deps.bus.requestStop(effect.worker, effect.attempt, effect.request);
    case 'environment':
      return advanceEnvironment(deps, effect.app, effect.environment);
    case 'answer':
      return sendAnswer(deps, effect.attempt, effect.seq);
  }
}
