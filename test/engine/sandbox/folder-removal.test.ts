import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { emptyInSandbox } from '../../../src/engine/sandbox/folder-removal.ts';
import { jobFolder } from '../../../src/engine/workspace/job-folder.ts';
import { newId, openEngineHarness } from '../harness.ts';

test('Files that root left in a job’s folder are removed by a container', async () => {
  await using harness = await openEngineHarness();
  const { deps, docker } = harness;
  const owner = { run: newId('run'), job: newId('job'), attempt: newId('att'), number: 1 };
  const { root } = jobFolder(deps.config.work_dir, owner.attempt);
  await mkdir(join(root, 'workspace', '.hidden'), { recursive: true });
  await writeFile(join(root, 'workspace', '.hidden', 'file'), '');
  const image = await docker.image('busybox:latest');
  await emptyInSandbox(deps, owner, root, image?.id ?? '');
  await expect(stat(join(root, 'workspace'))).rejects.toThrow(/ENOENT/);
  expect(await docker.containers({})).toEqual([]);
});
