import { expect, test, vi } from 'vitest';
import { putSecret } from '../../../src/control/repos/secrets.ts';
import { cancelRun } from '../../../src/control/runs/cancel-run.ts';
import type { AppConfig } from '../../../src/jobs/deploy/app-config.ts';
import type { DeployOrder, Reconciliation } from '../../../src/jobs/deploy/deployment.ts';
import { openFakeWorker } from '../fake-worker.ts';
import { openHarness } from '../harness.ts';
import { push } from '../plans.ts';
import { deploy, deployer, deployments, runs, runsFinished } from './deployer.ts';

test('A deployment passes its gate, becomes live and retires the one before', async () => {
  const harness = await openHarness();
  const orders: DeployOrder[] = [];
  await openFakeWorker(harness, deployer({ orders }));
  await deploy(harness);
  await deploy(harness);
  const [first, second] = await deployments(harness);
  expect(first).toMatchObject({ status: 'retired', app: 'shop', environment: 'production' });
  expect(second).toMatchObject({ status: 'live', replaced: first?.release_id, url: 'http://shop.example.com' });
  expect(orders[0]).toMatchObject({ live: null, ordered: true });
  expect(orders[1]).toMatchObject({ live: { deployment: first?.id, release: first?.release_id } });
});

test('Only the newest waiting deployment stays; the others and their jobs are cancelled', async () => {
  const harness = await openHarness();
  const gate = Promise.withResolvers<void>();
  const seen: string[] = [];
  await openFakeWorker(
    harness,
    deployer({ beforeReady: async (order) => (seen.push(order.deployment), gate.promise) }),
  );
  await push(harness);
  await vi.waitFor(() => expect(seen.length).toBe(1), 5000);
  for (let i = 0; i < 3; i++) await push(harness);
  await vi.waitFor(
    async () =>
      expect((await deployments(harness)).map(({ status }) => status)).toEqual([
        'starting',
        'cancelled',
        'cancelled',
        'waiting',
      ]),
    8000,
  );
  gate.resolve();
  await runsFinished(harness, 4);
  expect((await deployments(harness)).map(({ status, reason }) => [status, reason])).toEqual([
    ['retired', null],
    ['cancelled', 'a newer deployment took its place'],
    ['cancelled', 'a newer deployment took its place'],
    ['live', null],
  ]);
  expect((await runs(harness)).map(({ status }) => status)).toEqual([
    'succeeded',
    'cancelled',
    'cancelled',
    'succeeded',
  ]);
});

test('A push of an older commit is skipped at its gate unless it was forced', async () => {
  const harness = await openHarness();
  await openFakeWorker(harness, deployer({ relation: 'ancestor' }));
  await deploy(harness);
  expect(await deployments(harness)).toMatchObject([{ status: 'skipped', reason: 'a newer commit is already live' }]);
  expect(await runs(harness)).toMatchObject([{ status: 'skipped' }]);
  await push(harness, { forced: true });
  await runsFinished(harness, 2);
  expect((await deployments(harness)).map(({ status }) => status)).toEqual(['skipped', 'live']);
});

test('When a worker dies during the switch, the deployment that the proxy serves becomes live', async () => {
  const harness = await openHarness();
  const switching = Promise.withResolvers<string>();
  const first = await openFakeWorker(
    harness,
    deployer({ beforeSettled: (order) => (switching.resolve(order.deployment), new Promise(() => undefined)) }),
  );
  await push(harness);
  const deployment = await switching.promise;
  first.kill();
  const reconciliations: Reconciliation[] = [];
  const orders: DeployOrder[] = [];
  await openFakeWorker(harness, deployer({ orders, served: deployment, reconciliations }));
  harness.advance(13_000);
  await runsFinished(harness, 1);
  expect(reconciliations[0]).toMatchObject({ app: 'shop', environment: 'production', unresolved: [{ deployment }] });
  expect(orders).toEqual([]);
  expect((await deployments(harness)).filter(({ status }) => status === 'live').map(({ id }) => id)).toEqual([
    deployment,
  ]);
  expect(await runs(harness)).toMatchObject([{ status: 'succeeded' }]);
});

test('When a worker dies before the switch, the deployment fails and the retry deploys again', async () => {
  const harness = await openHarness();
  const starting = Promise.withResolvers<string>();
  const first = await openFakeWorker(
    harness,
    deployer({ beforeReady: (order) => (starting.resolve(order.deployment), new Promise(() => undefined)) }),
  );
  await push(harness);
  const lost = await starting.promise;
  first.kill();
  await openFakeWorker(harness, deployer({ served: null }));
  harness.advance(13_000);
  await runsFinished(harness, 1);
  const rows = await deployments(harness);
  expect(rows.map(({ status }) => status)).toEqual(['failed', 'live']);
  expect(rows[0]).toMatchObject({ id: lost, reason: 'its worker was lost before it went live' });
  expect(await runs(harness)).toMatchObject([{ status: 'succeeded' }]);
});

test('A deployment with the app of another repository, the host of another app or a missing secret is refused', async () => {
  const harness = await openHarness();
  const config: Partial<AppConfig> = {};
  await openFakeWorker(harness, deployer({ config }));
  await deploy(harness);
  config.secrets = ['TOKEN'];
  await deploy(harness);
  config.secrets = [];
  config.app = 'other';
  await deploy(harness);
  await harness.deps.store.write((sql) => sql.updateTable('apps').set({ repo_id: 'repo_other' }).execute());
  config.app = 'shop';
  await deploy(harness);
  expect((await deployments(harness)).map(({ status, reason }) => [status, reason])).toEqual([
    ['live', null],
    [
      'failed',
      'missing secrets: gantry.yml names TOKEN, which the repository does not have; add them with `gantry secrets set`',
    ],
    ['failed', 'the host shop.example.com belongs to shop in production'],
    ['failed', 'the app shop belongs to another repository; choose another name in gantry.yml'],
  ]);
});

test('A release whose secret cannot be opened fails its deployment', async () => {
  const harness = await openHarness();
  const deploys = deployer({ config: { secrets: ['KEY'] } });
  await openFakeWorker(harness, async (grant, held) => {
    if (grant.subject === 'job')
      await harness.deps.store.write((sql) => sql.updateTable('secrets').set({ value_sealed: 'broken' }).execute());
    return deploys(grant, held);
  });
  await putSecret(harness.deps, harness.repo.id, 'KEY', 'value');
  await deploy(harness);
  expect(await deployments(harness)).toMatchObject([
    { status: 'failed', reason: expect.stringContaining('cannot start the deployment') },
  ]);
  expect(await runs(harness)).toMatchObject([{ status: 'failed' }]);
});

test('A live release whose secret is gone does not block its environment', async () => {
  const harness = await openHarness();
  const { store } = harness.deps;
  const config: Partial<AppConfig> = { secrets: ['KEY', 'LOST'] };
  const reconciliations: Reconciliation[] = [];
  await openFakeWorker(harness, deployer({ config, reconciliations }));
  await putSecret(harness.deps, harness.repo.id, 'KEY', 'value');
  await putSecret(harness.deps, harness.repo.id, 'LOST', 'value');
  await deploy(harness);
  config.secrets = [];
  const [live] = await deployments(harness);
  const problems: [() => Promise<unknown>, string][] = [
    [
      () =>
        store.write((sql) => sql.updateTable('secrets').set({ value_sealed: 'x' }).where('name', '=', 'KEY').execute()),
      'version 1 of the secret KEY cannot be opened',
    ],
    [() => store.write((sql) => sql.deleteFrom('secrets').execute()), 'version 1 of the secret KEY no longer exists'],
  ];
  for (const [damage, problem] of problems) {
    await damage();
    harness.advance(6 * 60_000);
    await vi.waitFor(
      () =>
        expect(reconciliations.at(-1)?.live).toMatchObject({
          deployment: live?.id,
          env: {},
          masks: [],
          problem: expect.stringContaining(problem),
        }),
      8000,
    );
  }
  await deploy(harness);
  expect((await deployments(harness)).map(({ status }) => status)).toEqual(['retired', 'live']);
});

test('A deployment that is cancelled at its gate ends as cancelled', async () => {
  const harness = await openHarness();
  const gated = Promise.withResolvers<void>();
  const script = deployer({
    beforeReady: async (_, held) => {
      gated.resolve();
      await held.stopRequested();
      return 'cancelled';
    },
  });
  await openFakeWorker(harness, script);
  await push(harness);
  await gated.promise;
  const [run] = await harness.deps.store.read.selectFrom('runs').select('id').execute();
  await cancelRun(harness.deps, run?.id ?? '', { force: false, reason: 'cancelled by ada' });
  await runsFinished(harness, 1);
  expect(await deployments(harness)).toMatchObject([{ status: 'cancelled', reason: 'cancelled by ada' }]);
  expect(await runs(harness)).toMatchObject([{ status: 'cancelled' }]);
});
