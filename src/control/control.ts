import type { ServerDeps } from '../deps.ts';
import type { Effect } from '../jobs/protocol/effect.ts';
import { makeOffers } from './attempts/offers.ts';
import { sendAnswer } from './environments/answers.ts';
import { advanceEnvironment } from './environments/environments.ts';
import { openOutbox } from './outbox/outbox.ts';

/** Adds control's own dependencies to the adapters: the outbox and the fleet. */
export function openControl(parts: Omit<ServerDeps, 'outbox' | 'fleet'>): ServerDeps {
  const deps: ServerDeps = {
    ...parts,
    fleet: new Map(),
    outbox: openOutbox(parts, (effect) => performEffect(deps, effect)),
  };
  return deps;
}

async function performEffect(deps: ServerDeps, effect: Effect): Promise<void> {
  switch (effect.do) {
    case 'offer':
      return makeOffers(deps);
    case 'withdraw':
      return deps.offers.withdraw(effect.lane, effect.attempt);
    case 'wake':
      return deps.bus.wake(effect.channel, effect.text);
    case 'send':
      return deps.bus.send(effect.worker, effect.message);
    case 'environment':
      return advanceEnvironment(deps, effect.app, effect.environment);
    case 'answer':
      return sendAnswer(deps, effect.attempt, effect.seq);
  }
}
