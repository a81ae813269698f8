import type { Proxy } from '../../deps.ts';
import type { DeployOrder, Relation, SwitchAnswer } from '../../jobs/deploy/deployment.ts';
import { StopRequest } from '../../jobs/protocol/message.ts';
import { type Attempt, mask, say } from '../job/job-execution.ts';
import { releaseImage } from '../names.ts';
import type { StepTurn } from '../steps/step.ts';
import { UserError } from '../user-error.ts';
import { verdictOfAbort, verdictOfError } from '../verdict.ts';
import { passGate, removeGate } from './gate.ts';
import { phased } from './phase.ts';
import { ensureProxy } from './proxy-container.ts';
import { startRelease } from './release-container.ts';
import { othersOf, retire } from './retire.ts';
import { isServed, switchTraffic, UnknownOutcome } from './traffic.ts';

export type Stop = Extract<SwitchAnswer, { go: 'stop' }>;

/** A deployment in this worker's hands. */
export interface Deployment {
  attempt: Attempt;
  turn: StepTurn;
  order: DeployOrder;
  proxy: Proxy;
  /** The one that this attempt started; another attempt's is not ours to take. */
  container: string | null;
}

/**
 * Brings an order's release up beside the live one, gates it, and moves the traffic: resolves with null when it is live, or with control's
 * no. Else it rejects with the reason. Either way the deployment is settled, and a candidate that did not get through is gone.
 */
export async function deploy(attempt: Attempt, turn: StepTurn, order: DeployOrder): Promise<Stop | null> {
  mask(attempt, order.masks);
  const deployment: Deployment = { attempt, turn, order, proxy: await openProxy(attempt, order), container: null };
  // Whoever is here while the environment is ours is what we are about to replace, or was left behind.
  const old = await othersOf(attempt.deps, order);
  const outcome = await bringUp(deployment).catch(async (error: unknown) => {
    // What may be live is not touched: control has it looked at.
    if (!(error instanceof UnknownOutcome)) await withdraw(deployment, settlementOf(turn, error));
    throw error;
  });
  if ('go' in outcome) {
    await withdraw(deployment, outcome);
    return outcome;
  }
  await settle(attempt, order, { status: 'live', reason: null });
  say(attempt, turn.number, `Live: release ${order.release} as ${order.deployment}`);
  await retire(deployment, outcome, old);
  return null;
}

async function openProxy(attempt: Attempt, order: DeployOrder): Promise<Proxy> {
  try {
    return attempt.deps.proxy(await ensureProxy(attempt.deps));
  } catch (error) {
    await settle(attempt, order, { status: 'failed', reason: verdictOfError(error).reason });
    throw error;
  }
}

/** A release that serves, and the end of the drain of what served before. */
export interface Live {
  container: string;
  drained: Promise<void>;
}

async function bringUp(deployment: Deployment): Promise<Live | Stop> {
  const { attempt, turn, order, proxy } = deployment;
  // The attempt before this one may have got it through and not lived to say so.
  const served = (await isServed(proxy, order)) ? await runningContainer(deployment) : null;
  if (served !== null) return { container: served, drained: Promise.resolve() };
  await keepImage(attempt, order);
  const started_at = attempt.deps.now();
  const container = await phased(attempt, order.deployment, 'start', () => startRelease(attempt.deps, order));
  deployment.container = container;
  await phased(attempt, order.deployment, 'gate', () => gate(deployment, { container, started_at }));
  turn.signal.throwIfAborted();
  const answer = await askToSwitch(deployment);
  if (answer.go === 'stop') return answer;
  return phased(attempt, order.deployment, 'switch', () => takeTraffic(deployment, container));
}

/** From here on no prune takes it. Of a release that is put back it may be gone all the same. */
async function keepImage(
  { deps: { docker, envelope } }: Attempt,
  { config, image_id, release }: DeployOrder,
): Promise<void> {
  if ((await docker.image(image_id)) === null)
    throw new UserError(`the image of release ${release} is not on this host any more`);
  await docker.tag(image_id, releaseImage(envelope.installation, config.app, config.environment, release));
}

async function runningContainer({ attempt, order }: Deployment): Promise<string | null> {
  const found = await attempt.deps.docker.containers({ 'gantry.deployment': order.deployment });
  return found.find(({ state }) => state === 'running')?.id ?? null;
}

const LAST_LINES = 50;

/** A candidate that does not pass tells why: the end of its own log goes into the job's. */
async function gate(deployment: Deployment, candidate: { container: string; started_at: number }): Promise<void> {
  const { attempt, turn, order, proxy } = deployment;
  const { health } = order.config.processes.web;
  say(attempt, turn.number, `Started; waiting until ${health.path} is healthy, ${health.timeout / 1000} s at most`);
  try {
    await passGate(attempt.deps, proxy, order, candidate, turn.signal);
  } catch (error) {
    if (!turn.signal.aborted) await tellLog(attempt, turn, candidate.container);
    throw error;
  }
  await removeGate(proxy, order.deployment);
}

async function tellLog(attempt: Attempt, turn: StepTurn, container: string): Promise<void> {
  const lines = await attempt.deps.docker.logs(container, LAST_LINES);
  say(
    attempt,
    turn.number,
    lines.length === 0 ? 'The new release logged nothing' : 'The last lines of the new release:',
  );
  for (const line of lines) say(attempt, turn.number, line, 'stdout');
}

async function askToSwitch({ attempt, turn, order }: Deployment): Promise<SwitchAnswer> {
  const data = { deployment: order.deployment, relation: await relationOf(attempt, order) };
  return attempt.reporter.ask({ type: 'ready', data }, turn.signal);
}

async function relationOf({ deps, grant }: Attempt, { sha, live }: DeployOrder): Promise<Relation> {
  if (grant.source === null || sha === null || live?.sha == null) return 'unknown';
  return deps.git.relation(grant.source.id, sha, live.sha);
}

async function takeTraffic({ attempt, turn, order, proxy }: Deployment, container: string): Promise<Live> {
  const { deps } = attempt;
  let abandoned = false;
  const abandon = async () => {
    abandoned = true;
    await deps.docker.remove(container);
  };
  const switched = await switchTraffic(proxy, order, abandon, turn.signal);
  if (!switched.live) throw switched.error;
  // The proxy was quicker than the abort: the release serves, so it gets its container back under the same alias.
  return { drained: switched.drained, container: abandoned ? await startRelease(deps, order) : container };
}

interface Settlement {
  status: 'live' | 'failed' | 'cancelled' | 'skipped';
  reason: string | null;
}

/** The candidate never served. When even its removal fails nothing is settled here: control has it looked at. */
async function withdraw(
  { attempt, order, proxy, container }: Deployment,
  { status, reason }: Settlement,
): Promise<void> {
  if (container !== null) await attempt.deps.docker.remove(container);
  await removeGate(proxy, order.deployment);
  await settle(attempt, order, { status, reason });
}

async function settle(
  { reporter, secrets }: Attempt,
  order: DeployOrder,
  { status, reason }: Settlement,
): Promise<void> {
  const data = { deployment: order.deployment, status, reason: reason && secrets.hide(reason) };
  await reporter.emit({ type: 'settled', data });
}

function settlementOf({ signal }: StepTurn, error: unknown): Settlement {
  if (!signal.aborted) return { status: 'failed', reason: verdictOfError(error).reason };
  const request = StopRequest.safeParse(signal.reason).data?.kind;
  const status = request === 'cancel' || request === 'force' ? 'cancelled' : 'failed';
  return { status, reason: verdictOfAbort(signal.reason).reason };
}
