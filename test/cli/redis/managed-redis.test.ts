import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { manageRedis } from '../../../src/cli/redis/managed-redis.ts';
import { findRedisProblem, redactRedisUrl } from '../../../src/cli/redis/redis-check.ts';
import { makeDataDir } from '../../../src/cli/roles/data-dir.ts';
import { readConfig } from '../../../src/config.ts';
import { openChecks } from '../../../src/deps.ts';

async function dataDir() {
  const dir = await mkdtemp(join(tmpdir(), 'redis-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const config = readConfig({}, { GANTRY_DATA_DIR: dir });
  makeDataDir(config);
  return { config, checks: await openChecks(config) };
}

test('Redis is started on a socket of its own, adopted by the next start, and ended by stop', async () => {
  const { config, checks } = await dataDir();
  const first = await manageRedis(config, checks, () => {});
  expect(first).toMatchObject({ adopted: false, facts: { policy: 'noeviction' } });
  const second = await manageRedis(config, checks, () => {});
  expect(second).toMatchObject({ adopted: true, url: first.url, facts: { pid: first.facts.pid } });
  await first.stop();
  await second.stop();
  await expect(checks.askRedis(first.url)).rejects.toMatchObject({ code: 'unreachable' });
});

test('A killed Redis is restarted', async () => {
  const { config, checks } = await dataDir();
  const notes: string[] = [];
  const redis = await manageRedis(config, checks, (text) => notes.push(text));
  onTestFinished(() => redis.stop());
  process.kill(redis.facts.pid, 'SIGKILL');
  await vi.waitFor(async () => expect((await checks.askRedis(redis.url)).pid).not.toBe(redis.facts.pid), {
    timeout: 10_000,
    interval: 100,
  });
  expect(notes).toHaveLength(1);
});

test('A Redis that is too old or evicts keys is rejected with advice', () => {
  expect(findRedisProblem({ version: '6.2.0', policy: 'noeviction', pid: 1 })).toBeNull();
  expect(findRedisProblem({ version: '10.0.0', policy: 'noeviction', pid: 1 })).toBeNull();
  expect(findRedisProblem({ version: '6.0.16', policy: 'noeviction', pid: 1 })?.problem).toBe(
    'version 6.0.16 is too old',
  );
  expect(findRedisProblem({ version: '7.0.15', policy: 'allkeys-lru', pid: 1 })?.advice).toContain(
    'redis-cli config set maxmemory-policy noeviction',
  );
});

test('The password is removed from a URL', () => {
  expect(redactRedisUrl('redis://user:secret@host:6379/1')).toBe('redis://***@host:6379/1');
  expect(redactRedisUrl('/run/redis.sock')).toBe('/run/redis.sock');
});
