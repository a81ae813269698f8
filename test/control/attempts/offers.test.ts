import { expect, test, vi } from 'vitest';
import { submitTask } from '../../../src/control/runs/task.ts';
import { openHand } from '../fake-worker.ts';
import { type Office, openOffice } from '../harness.ts';
import { job, planOf, start } from '../plans.ts';

test('however many tasks wait, a plan is offered at once', async () => {
  const office = await openOffice();
  await submitTasks(office, 600);
  const hand = await openHand(office, (grant) =>
    grant.subject === 'delivery' ? Promise.resolve(planOf(job('test'))) : new Promise(() => undefined),
  );
  await start(office);
  await vi.waitFor(() => expect(hand.granted.map(({ subject }) => subject)).toContain('delivery'), 5000);
});

async function submitTasks({ deps }: Office, count: number): Promise<void> {
  for (let index = 0; index < count; index++)
    await submitTask(deps, {
      image: 'busybox',
      run: null,
      command: ['true'],
      env: {},
      secrets: {},
      timeout_minutes: 1,
      cpus: null,
      memory_mb: null,
    });
}
