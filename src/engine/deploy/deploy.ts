import type { Proxy } from '../../deps.ts';
import type { DeployOrder, Relation, SwitchAnswer } from '../../jobs/deploy/deployment.ts';
import { StopRequest } from '../../jobs/protocol/message.ts';
import type { EngineDeps } from '../engine-deps.ts';
import { type JobExecution, logLine, mask } from '../execution/job-execution.ts';
import type { RunningStep } from '../execution/step.ts';
import { releaseImage } from '../names.ts';
import { UserError } from '../user-error.ts';
import { verdictOfAbort, verdictOfError } from '../verdict.ts';
import { type Deployment, type LiveContainer, otherContainers, reportPhase } from './deployment.ts';
import { passGate, removeGate } from './gate.ts';
import { ensureProxy } from './proxy-container.ts';
import { startRelease } from './release-container.ts';
import { retire } from './retire.ts';
import { isServed, switchTraffic, UnknownOutcome } from './traffic.ts';

type Stop = Extract<SwitchAnswer, { go: 'stop' }>;

/**
 * Starts an order's release beside the live one, gates it and switches the traffic to it. Resolves with null when the release is live, or
 * with control's refusal; rejects with any other reason. Either way the deployment is settled, and a candidate that is not live is removed.
 */
export async function deploy(execution: JobExecution, step: RunningStep, order: DeployOrder): Promise<Stop | null> {
  mask(execution, order.masks);
  const deployment: Deployment = {
    execution,
    step,
    order,
    proxy: await openProxy(execution, order),
    container: null,
  };
  // The environment is locked, so these are what the release replaces, or leftovers.
  const old = await otherContainers(execution.deps.docker, order);
  const outcome = await bringUp(deployment).catch(async (error: unknown) => {
    // A candidate that may be live is left alone: control then reconciles the environment.
    if (!(error instanceof UnknownOutcome)) await withdraw(deployment, settlementOf(step, error));
    throw error;
  });
  if ('go' in outcome) {
    await withdraw(deployment, outcome);
    return outcome;
  }
  await settle(execution, order, { status: 'live', reason: null });
  logLine(execution, step.number, `Live: release ${order.release} as ${order.deployment}`);
  await retire(deployment, outcome, old);
  return null;
}

async function openProxy(execution: JobExecution, order: DeployOrder): Promise<Proxy> {
  try {
    return execution.deps.proxy(await ensureProxy(execution.deps));
  } catch (error) {
    await settle(execution, order, { status: 'failed', reason: verdictOfError(error).reason });
    throw error;
  }
}

async function bringUp(deployment: Deployment): Promise<LiveContainer | Stop> {
  const { execution, step, order, proxy } = deployment;
  const { deps } = execution;
  // An earlier attempt may have switched the traffic and died before it reported that.
  const served = (await isServed(proxy, order)) ? await runningContainer(deps.docker, order) : null;
  if (served !== null) return { container: served, drained: Promise.resolve() };
  await tagRelease(deps, order);
  const started_at = deps.now();
  const container = await reportPhase(deployment, 'start', () => startRelease(deps, order));
  deployment.container = container;
  await reportPhase(deployment, 'gate', () => gate(deployment, { container, started_at }));
  step.signal.throwIfAborted();
  const answer = await askToSwitch(deployment);
  if (answer.go === 'stop') return answer;
  return reportPhase(deployment, 'switch', () => takeTraffic(deployment, container));
}

/** From here on no prune removes the image. The image of a kept release may be missing, if someone removed it by hand. */
async function tagRelease(
  { docker, envelope }: Pick<EngineDeps, 'docker' | 'envelope'>,
  { config, image_id, release }: DeployOrder,
): Promise<void> {
  if ((await docker.image(image_id)) === null)
    throw new UserError(`the image of release ${release} is no longer on this host`);
  await docker.tag(image_id, releaseImage(envelope.installation, config.app, config.environment, release));
}

async function runningContainer(docker: EngineDeps['docker'], { deployment }: DeployOrder): Promise<string | null> {
  const found = await docker.containers({ 'gantry.deployment': deployment });
  return found.find(({ state }) => state === 'running')?.id ?? null;
}

async function gate(deployment: Deployment, candidate: { container: string; started_at: number }): Promise<void> {
  const { execution, step, order, proxy } = deployment;
  const { health } = order.config.processes.web;
  const seconds = health.timeout / 1000;
  logLine(execution, step.number, `Started; waiting up to ${seconds} s until ${health.path} is healthy`);
  try {
    await passGate(execution.deps, proxy, order, candidate, step.signal);
  } catch (error) {
    if (!step.signal.aborted) await logLastLines(execution, step, candidate.container);
    throw error;
  }
  await removeGate(proxy, order.deployment);
}

const LAST_LINES = 50;

/** Shows why a candidate is not healthy. */
async function logLastLines(execution: JobExecution, step: RunningStep, container: string): Promise<void> {
  const lines = await execution.deps.docker.logs(container, LAST_LINES);
  const title = lines.length === 0 ? 'The new release logged nothing' : 'The last lines of the new release:';
  logLine(execution, step.number, title);
  for (const line of lines) logLine(execution, step.number, line, 'stdout');
}

async function askToSwitch({ execution, step, order }: Deployment): Promise<SwitchAnswer> {
  const data = { deployment: order.deployment, relation: await relationOf(execution, order) };
  return execution.reporter.ask({ type: 'ready', data }, step.signal);
}

async function relationOf(
  { deps, grant }: Pick<JobExecution, 'deps' | 'grant'>,
  { sha, live }: DeployOrder,
): Promise<Relation> {
  if (grant.source === null || sha === null || live?.sha == null) return 'unknown';
  return deps.git.relation(grant.source.id, sha, live.sha);
}

async function takeTraffic(
  { execution: { deps }, step, order, proxy }: Deployment,
  container: string,
): Promise<LiveContainer> {
  let abandoned = false;
  const abandon = async () => {
    abandoned = true;
    await deps.docker.remove(container);
  };
  const switched = await switchTraffic(proxy, order, abandon, step.signal);
  if (!switched.live) throw switched.error;
  // The switch came before the abort: the release is live, so its removed container is replaced under the same alias.
  return { drained: switched.drained, container: abandoned ? await startRelease(deps, order) : container };
}

interface Settlement {
  status: 'live' | 'failed' | 'cancelled' | 'skipped';
  reason: string | null;
}

/** Removes a candidate that never had traffic. If that fails, nothing is settled: control then reconciles the environment. */
async function withdraw(
  { execution, order, proxy, container }: Deployment,
  { status, reason }: Settlement,
): Promise<void> {
  if (container !== null) await execution.deps.docker.remove(container);
  await removeGate(proxy, order.deployment);
  await settle(execution, order, { status, reason });
}

async function settle(
  { reporter, secrets }: Pick<JobExecution, 'reporter' | 'secrets'>,
  { deployment }: DeployOrder,
  { status, reason }: Settlement,
): Promise<void> {
  await reporter.emit({ type: 'settled', data: { deployment, status, reason: reason && secrets.hide(reason) } });
}

function settlementOf({ signal }: RunningStep, error: unknown): Settlement {
  if (!signal.aborted) return { status: 'failed', reason: verdictOfError(error).reason };
  const request = StopRequest.safeParse(signal.reason).data?.kind;
  const status = request === 'cancel' || request === 'force' ? 'cancelled' : 'failed';
  return { status, reason: verdictOfAbort(signal.reason).reason };
}
