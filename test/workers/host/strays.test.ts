import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openLog } from '../../../src/log.ts';
import { sweepStrays } from '../../../src/workers/host/strays.ts';
import { createContainer, docker } from '../../adapters/docker/test-engine.ts';

let work_dir: string;
let done: AbortController;
beforeEach(async () => {
  work_dir = await mkdtemp(join(tmpdir(), 'gantry-strays-'));
  done = new AbortController();
});
afterEach(async () => {
  done.abort();
  await rm(work_dir, { recursive: true, force: true });
});

const containerOf = (attempt: string) => createContainer({ labels: { 'gantry.attempt': attempt } });

async function attemptsLeft(): Promise<string[]> {
  const containers = await docker.containers({});
  return containers.flatMap(({ labels }) => labels['gantry.attempt'] ?? []).toSorted();
}

test('A container that cannot be removed does not prevent the removal of other containers and folders', async () => {
  const [, stuck] = [await containerOf('att_1'), await containerOf('att_2'), await containerOf('att_3')];
  await containerOf('att_held');
  for (const attempt of ['att_1', 'att_held']) await mkdir(join(work_dir, 'jobs', attempt), { recursive: true });
  const deps = {
    config: { work_dir },
    log: openLog('test', 'silent'),
    spool: { held: async () => ['att_held'] },
    docker: {
      ...docker,
      remove: async (id: string) => {
        if (id === stuck) throw new Error('the device is busy');
        await docker.remove(id);
      },
    },
  };
  const sweeping = sweepStrays(deps, done.signal);
  await vi.waitFor(async () => expect(await attemptsLeft()).toEqual(['att_2', 'att_held']), 5000);
  await vi.waitFor(async () => expect(await readdir(join(work_dir, 'jobs'))).toEqual(['att_held']));
  done.abort();
  await sweeping;
});
