import { expect, test } from 'vitest';
import { rollBack } from '../../../src/control/environments/rollback.ts';
import { removeRepo } from '../../../src/control/repos/repos.ts';
import { putSecret, removeSecret } from '../../../src/control/repos/secrets.ts';
import type { DeployOrder } from '../../../src/jobs/deploy/deployment.ts';
import { openFakeWorker } from '../fake-worker.ts';
import { openHarness } from '../harness.ts';
import { deploy, deployer, deployments, runsFinished } from './deployer.ts';

test('A rollback deploys the newest kept release that was live before, with its secrets', async () => {
  const harness = await openHarness();
  const orders: DeployOrder[] = [];
  await openFakeWorker(harness, deployer({ orders, config: { secrets: ['KEY'] } }));
  await putSecret(harness.deps, harness.repo.id, 'KEY', 'old');
  await deploy(harness);
  await putSecret(harness.deps, harness.repo.id, 'KEY', 'new');
  await deploy(harness);
  expect(orders.map(({ env }) => env.KEY)).toEqual(['old', 'new']);
  await removeSecret(harness.deps, harness.repo.id, 'KEY');
  const made = await rollBack(harness.deps, { app: 'shop', environment: 'production', release: null, actor: 'ada' });
  if ('refused' in made) throw new Error(made.detail);
  await runsFinished(harness, 3);
  expect(orders[2]).toMatchObject({ release: orders[0]?.release, env: { KEY: 'old' } });
  const all = await deployments(harness);
  expect(all.map(({ status }) => status)).toEqual(['retired', 'retired', 'live']);
  expect(all.map(({ replaced }) => replaced)).toEqual([null, all[0]?.release_id, all[1]?.release_id]);
  expect(
    await rollBack(harness.deps, { app: 'shop', environment: 'production', release: null, actor: null }),
  ).toMatchObject({ refused: 'nothing_older' });
  expect(
    await rollBack(harness.deps, { app: 'shop', environment: 'production', release: 'rel_x', actor: null }),
  ).toMatchObject({ refused: 'unknown_release' });
  expect(
    await rollBack(harness.deps, { app: 'nope', environment: 'production', release: null, actor: null }),
  ).toMatchObject({ refused: 'unknown_app' });
  await removeRepo(harness.deps, harness.repo.name);
  const kept = orders[1]?.release ?? '';
  expect(await rollBack(harness.deps, { app: 'shop', environment: 'production', release: kept, actor: null })).toEqual({
    refused: 'unknown_app',
    detail: `acme/shop, which made ${kept}, is no longer registered`,
  });
});
