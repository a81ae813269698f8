import { expect, vi } from 'vitest';
import type { AppConfig } from '../../../src/jobs/deploy/app-config.ts';
import type { DeployOrder, Reconciliation, Relation } from '../../../src/jobs/deploy/deployment.ts';
import type { HeldAttempt, Script } from '../fake-worker.ts';
import type { ControlHarness } from '../harness.ts';
import { ended, job, planOf, push } from '../plans.ts';

/** What the deploy step of a fake worker does. */
interface Behaviour {
  config?: Partial<AppConfig>;
  orders?: DeployOrder[];
  reconciliations?: Reconciliation[];
  relation?: Relation;
  /** The deployment that the proxy serves. */
  served?: string | null;
  beforeReady?: (order: DeployOrder, held: HeldAttempt) => Promise<unknown>;
  beforeSettled?: (order: DeployOrder) => Promise<unknown>;
}

/** The script of a worker that deploys: it plans one deploy job, asks control as a deploy step does, and reconciles. */
export function deployer(behaviour: Behaviour): Script {
  return async (grant, held) => {
    if (grant.subject === 'delivery') return planOf(job('deploy', { kind: 'deploy', environments: ['production'] }));
    if (grant.subject === 'environment') {
      behaviour.reconciliations?.push(grant.reconciliation);
      const known = grant.reconciliation.live?.deployment ?? null;
      return ended('succeeded', { live: behaviour.served === undefined ? known : (behaviour.served ?? known) });
    }
    if (grant.subject !== 'job') return ended();
    const image = `sha256:${grant.job}`;
    const config: AppConfig = { ...SHOP, ...behaviour.config };
    const data =
      grant.release === null
        ? { step: 1, config, image_id: image, image, digest: null }
        : { step: 1, release: grant.release, environment: 'production' };
    const answer = await held.ask({ type: 'deploy', data });
    if (answer.go === 'live') return ended();
    if (answer.go !== 'start') return ended(answer.go === 'stop' ? answer.status : 'errored');
    behaviour.orders?.push(answer.order);
    const { deployment } = answer.order;
    if ((await behaviour.beforeReady?.(answer.order, held)) === 'cancelled') {
      await held.send({ type: 'settled', data: { deployment, status: 'cancelled', reason: 'cancelled by ada' } });
      return ended('cancelled');
    }
    const may = await held.ask({ type: 'ready', data: { deployment, relation: behaviour.relation ?? 'newer' } });
    if (may.go === 'stop') {
      await held.send({ type: 'settled', data: { deployment, status: may.status, reason: may.reason } });
      return ended(may.status, { verdict: { status: may.status, reason: may.reason, exit_code: null } });
    }
    await behaviour.beforeSettled?.(answer.order);
    await held.send({ type: 'settled', data: { deployment, status: 'live', reason: null } });
    return ended();
  };
}

const SHOP: AppConfig = {
  app: 'shop',
  environment: 'production',
  env: {},
  secrets: [],
  processes: {
    web: {
      command: null,
      port: 3000,
      hosts: ['shop.example.com'],
      health: { path: '/up', interval: 1000, timeout: 30_000 },
      stop_grace: 10_000,
      cpus: null,
      memory: null,
    },
  },
};

/** Pushes and waits until the run has ended. */
export async function deploy(harness: ControlHarness): Promise<void> {
  const before = (await runs(harness)).length;
  await push(harness);
  await runsFinished(harness, before + 1);
}

export async function runsFinished(harness: ControlHarness, count: number): Promise<void> {
  await vi.waitFor(
    async () => expect((await runs(harness)).filter(({ finished_at }) => finished_at !== null).length).toBe(count),
    { timeout: 15_000, interval: 30 },
  );
}

export function runs(harness: ControlHarness) {
  return harness.deps.store.read.selectFrom('runs').selectAll().orderBy('id').execute();
}

export function deployments(harness: ControlHarness) {
  return harness.deps.store.read.selectFrom('deployments').selectAll().orderBy('id').execute();
}
