import { expect, test, vi } from 'vitest';
import { submitTask } from '../../../src/control/runs/task.ts';
import { openFakeWorker } from '../fake-worker.ts';
import { type ControlHarness, openHarness } from '../harness.ts';
import { job, planOf, start } from '../plans.ts';

test('A plan is offered at once, even while 600 tasks wait', async () => {
  const harness = await openHarness();
  await submitTasks(harness, 600);
  const worker = await openFakeWorker(harness, (grant) =>
    grant.subject === 'delivery' ? Promise.resolve(planOf(job('test'))) : new Promise(() => undefined),
  );
  await start(harness);
  await vi.waitFor(() => expect(worker.granted.map(({ subject }) => subject)).toContain('delivery'), 5000);
});

async function submitTasks({ deps }: ControlHarness, count: number): Promise<void> {
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
