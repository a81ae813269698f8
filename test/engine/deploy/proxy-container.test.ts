import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureProxy } from '../../../src/engine/deploy/proxy-container.ts';
import { type EngineHarness, openEngineHarness } from '../harness.ts';

let harness: EngineHarness;

beforeAll(async () => {
  harness = await openEngineHarness();
});

afterAll(async () => {
  await harness[Symbol.asyncDispose]();
});

describe('The proxy’s container', () => {
  test('is created once by concurrent callers', async () => {
    const ids = await Promise.all([1, 2, 3].map(() => ensureProxy(harness.deps)));
    expect(new Set(ids).size).toBe(1);
    expect(await harness.docker.containers({ 'gantry.proxy': 'true' })).toHaveLength(1);
  });

  test('is started again after it stopped', async () => {
    const container = await ensureProxy(harness.deps);
    await harness.docker.stop(container, 1000);
    const callers = [ensureProxy(harness.deps), ensureProxy(harness.deps)];
    expect(await Promise.all(callers)).toEqual([container, container]);
  });

  test('fails with the variable to set when its port is taken', async () => {
    const proxy = await harness.docker.inspect(await ensureProxy(harness.deps));
    const port = proxy?.published.find(({ container_port }) => container_port === 80)?.host_port;
    await using other = await openEngineHarness({ GANTRY_PROXY_HTTP_PORT: String(port) });
    await expect(ensureProxy(other.deps)).rejects.toThrow(/GANTRY_PROXY_HTTP_PORT/);
    expect(await other.docker.containers({})).toEqual([]);
  });
});
