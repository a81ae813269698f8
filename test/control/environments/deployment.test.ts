import { expect, test, vi } from 'vitest';
import { rollBack } from '../../../src/control/environments/rollback.ts';
import { removeRepo } from '../../../src/control/repos/repos.ts';
import { putSecret, removeSecret } from '../../../src/control/repos/secrets.ts';
import { cancelRun } from '../../../src/control/runs/cancel-run.ts';
import type { AppConfig } from '../../../src/jobs/deploy/app-config.ts';
import type { DeployOrder, Reconciliation, Relation } from '../../../src/jobs/deploy/deployment.ts';
import type { Finished } from '../../../src/jobs/protocol/event.ts';
import type { Grant } from '../../../src/jobs/protocol/grant.ts';
import { type Held, openHand } from '../fake-worker.ts';
import { type Office, openOffice } from '../harness.ts';
import { ended, job, planOf, push } from '../plans.ts';

test('a deployment is started, gated, switched and live, and the one before it retired', async () => {
  const office = await openOffice();
  const orders: DeployOrder[] = [];
  await openHand(office, deployer({ orders }));
  await deploy(office);
  await deploy(office);
  const [first, second] = await deployments(office);
  expect(first).toMatchObject({ status: 'retired', app: 'shop', environment: 'production' });
  expect(second).toMatchObject({ status: 'live', replaced: first?.release_id, url: 'http://shop.example.com' });
  expect(orders[0]).toMatchObject({ live: null, ordered: true });
  expect(orders[1]).toMatchObject({ live: { deployment: first?.id, release: first?.release_id } });
});

test('of deployments that wait only the newest stays; the others end cancelled, and so do their jobs', async () => {
  const office = await openOffice();
  const gate = Promise.withResolvers<void>();
  const seen: string[] = [];
  await openHand(office, deployer({ beforeReady: async (order) => (seen.push(order.deployment), gate.promise) }));
  await push(office);
  await vi.waitFor(() => expect(seen.length).toBe(1), 5000);
  for (let i = 0; i < 3; i++) await push(office);
  await vi.waitFor(
    async () =>
      expect((await deployments(office)).map(({ status }) => status)).toEqual([
        'starting',
        'cancelled',
        'cancelled',
        'waiting',
      ]),
    8000,
  );
  gate.resolve();
  await settled(office, 4);
  expect((await deployments(office)).map(({ status, reason }) => [status, reason])).toEqual([
    ['retired', null],
    ['cancelled', 'a newer deployment took its place'],
    ['cancelled', 'a newer deployment took its place'],
    ['live', null],
  ]);
  expect((await runs(office)).map(({ status }) => status)).toEqual([
    'succeeded',
    'cancelled',
    'cancelled',
    'succeeded',
  ]);
});

test('an older commit of a push is skipped at its gate; a forced one is not', async () => {
  const office = await openOffice();
  await openHand(office, deployer({ relation: 'ancestor' }));
  await deploy(office);
  expect(await deployments(office)).toMatchObject([{ status: 'skipped', reason: 'a newer commit is live already' }]);
  expect(await runs(office)).toMatchObject([{ status: 'skipped' }]);
  await push(office, { forced: true });
  await settled(office, 2);
  expect((await deployments(office)).map(({ status }) => status)).toEqual(['skipped', 'live']);
});

test('a worker that dies in the middle of the switch: the proxy is read, and what it serves is live', async () => {
  const office = await openOffice();
  const switching = Promise.withResolvers<string>();
  const first = await openHand(
    office,
    deployer({ beforeSettled: (order) => (switching.resolve(order.deployment), new Promise(() => undefined)) }),
  );
  await push(office);
  const deployment = await switching.promise;
  first.kill();
  const asked: Reconciliation[] = [];
  const orders: DeployOrder[] = [];
  await openHand(office, deployer({ orders, served: deployment, asked }));
  office.advance(13_000);
  await settled(office, 1);
  expect(asked[0]).toMatchObject({ app: 'shop', environment: 'production', unresolved: [{ deployment }] });
  expect(orders).toEqual([]);
  expect((await deployments(office)).filter(({ status }) => status === 'live').map(({ id }) => id)).toEqual([
    deployment,
  ]);
  expect(await runs(office)).toMatchObject([{ status: 'succeeded' }]);
});

test('a worker that dies before the switch: the candidate is given up, and the next attempt deploys anew', async () => {
  const office = await openOffice();
  const starting = Promise.withResolvers<string>();
  const first = await openHand(
    office,
    deployer({ beforeReady: (order) => (starting.resolve(order.deployment), new Promise(() => undefined)) }),
  );
  await push(office);
  const lost = await starting.promise;
  first.kill();
  await openHand(office, deployer({ served: null }));
  office.advance(13_000);
  await settled(office, 1);
  const rows = await deployments(office);
  expect(rows.map(({ status }) => status)).toEqual(['failed', 'live']);
  expect(rows[0]).toMatchObject({ id: lost, reason: 'its worker was lost before it went live' });
  expect(await runs(office)).toMatchObject([{ status: 'succeeded' }]);
});

test('a rollback puts back the newest kept release that was live before this one, with the secrets it had', async () => {
  const office = await openOffice();
  const orders: DeployOrder[] = [];
  await openHand(office, deployer({ orders, config: { secrets: ['KEY'] } }));
  await putSecret(office.deps, office.repo.id, 'KEY', 'old');
  await deploy(office);
  await putSecret(office.deps, office.repo.id, 'KEY', 'new');
  await deploy(office);
  expect(orders.map(({ env }) => env.KEY)).toEqual(['old', 'new']);
  await removeSecret(office.deps, office.repo.id, 'KEY');
  const made = await rollBack(office.deps, { app: 'shop', environment: 'production', release: null, actor: 'ada' });
  if ('refused' in made) throw new Error(made.detail);
  await settled(office, 3);
  expect(orders[2]).toMatchObject({ release: orders[0]?.release, env: { KEY: 'old' } });
  const all = await deployments(office);
  expect(all.map(({ status }) => status)).toEqual(['retired', 'retired', 'live']);
  expect(all.map(({ replaced }) => replaced)).toEqual([null, all[0]?.release_id, all[1]?.release_id]);
  expect(
    await rollBack(office.deps, { app: 'shop', environment: 'production', release: null, actor: null }),
  ).toMatchObject({ refused: 'nothing_older' });
  expect(
    await rollBack(office.deps, { app: 'shop', environment: 'production', release: 'rel_x', actor: null }),
  ).toMatchObject({ refused: 'unknown_release' });
  expect(
    await rollBack(office.deps, { app: 'nope', environment: 'production', release: null, actor: null }),
  ).toMatchObject({ refused: 'unknown_app' });
  await removeRepo(office.deps, office.repo.name);
  const kept = orders[1]?.release ?? '';
  expect(await rollBack(office.deps, { app: 'shop', environment: 'production', release: kept, actor: null })).toEqual({
    refused: 'unknown_app',
    detail: `acme/shop, which made ${kept}, is no longer registered`,
  });
});

test('an app of another repository, a host of another app and a secret that is not set are refused by name', async () => {
  const office = await openOffice();
  const config: Partial<AppConfig> = {};
  await openHand(office, deployer({ config }));
  await deploy(office);
  config.secrets = ['TOKEN'];
  await deploy(office);
  config.secrets = [];
  config.app = 'other';
  await deploy(office);
  await office.deps.store.write((sql) => sql.updateTable('apps').set({ repo_id: 'repo_other' }).execute());
  config.app = 'shop';
  await deploy(office);
  expect((await deployments(office)).map(({ status, reason }) => [status, reason])).toEqual([
    ['live', null],
    [
      'failed',
      'missing secrets: gantry.yml names TOKEN, which the repository does not have; add them with `gantry secrets set`',
    ],
    ['failed', 'the host shop.example.com belongs to shop in production'],
    ['failed', 'the app shop belongs to another repository; choose another name in gantry.yml'],
  ]);
});

test('a release whose secret cannot be opened any more fails its deployment, and holds up nothing else', async () => {
  const office = await openOffice();
  const deploys = deployer({ config: { secrets: ['KEY'] } });
  await openHand(office, async (grant, held) => {
    if (grant.subject === 'job')
      await office.deps.store.write((sql) => sql.updateTable('secrets').set({ value_sealed: 'broken' }).execute());
    return deploys(grant, held);
  });
  await putSecret(office.deps, office.repo.id, 'KEY', 'value');
  await deploy(office);
  expect(await deployments(office)).toMatchObject([
    { status: 'failed', reason: expect.stringContaining('cannot start the deployment') },
  ]);
  expect(await runs(office)).toMatchObject([{ status: 'failed' }]);
});

test('a deployment that is cancelled in its gate ends cancelled, and the environment is free', async () => {
  const office = await openOffice();
  const gated = Promise.withResolvers<void>();
  const script = deployer({
    beforeReady: async (_, held) => {
      gated.resolve();
      await held.stopRequested();
      return 'cancelled';
    },
  });
  await openHand(office, script);
  await push(office);
  await gated.promise;
  const [run] = await office.deps.store.read.selectFrom('runs').select('id').execute();
  await cancelRun(office.deps, run?.id ?? '', { force: false, reason: 'cancelled by ada' });
  await settled(office, 1);
  expect(await deployments(office)).toMatchObject([{ status: 'cancelled', reason: 'cancelled by ada' }]);
  expect(await runs(office)).toMatchObject([{ status: 'cancelled' }]);
});

interface Behaviour {
  config?: Partial<AppConfig>;
  orders?: DeployOrder[];
  asked?: Reconciliation[];
  relation?: Relation;
  /** What the proxy is read to serve. */
  served?: string | null;
  beforeReady?: (order: DeployOrder, held: Held) => Promise<unknown>;
  beforeSettled?: (order: DeployOrder) => Promise<unknown>;
}

function deployer(behaviour: Behaviour): (grant: Grant, held: Held) => Promise<Finished> {
  return async (grant, held) => {
    if (grant.subject === 'delivery') return planOf(job('deploy', { kind: 'deploy', environments: ['production'] }));
    if (grant.subject === 'environment') {
      behaviour.asked?.push(grant.reconciliation);
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
      await held.say({ type: 'settled', data: { deployment, status: 'cancelled', reason: 'cancelled by ada' } });
      return ended('cancelled');
    }
    const may = await held.ask({ type: 'ready', data: { deployment, relation: behaviour.relation ?? 'newer' } });
    if (may.go === 'stop') {
      await held.say({ type: 'settled', data: { deployment, status: may.status, reason: may.reason } });
      return ended(may.status, { verdict: { status: may.status, reason: may.reason, exit_code: null } });
    }
    await behaviour.beforeSettled?.(answer.order);
    await held.say({ type: 'settled', data: { deployment, status: 'live', reason: null } });
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

async function deploy(office: Office): Promise<void> {
  const before = (await runs(office)).length;
  await push(office);
  await settled(office, before + 1);
}

async function settled(office: Office, count: number): Promise<void> {
  await vi.waitFor(
    async () => expect((await runs(office)).filter(({ finished_at }) => finished_at !== null).length).toBe(count),
    { timeout: 15_000, interval: 30 },
  );
}

function runs(office: Office) {
  return office.deps.store.read.selectFrom('runs').selectAll().orderBy('id').execute();
}

function deployments(office: Office) {
  return office.deps.store.read.selectFrom('deployments').selectAll().orderBy('id').execute();
}
