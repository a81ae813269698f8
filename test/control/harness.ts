import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { openControl } from '../../src/control/control.ts';
import { runControl } from '../../src/control/control-loop.ts';
import type { Row, ServerDeps } from '../../src/deps.ts';
import { serverDeps } from '../../src/deps.ts';
import { startRedis, type TestRedis } from '../redis.ts';

/** Control with a real store and a real Redis, closed at the end of the test. Nothing else runs. */
export interface ControlHarness {
  deps: ServerDeps;
  redis: TestRedis;
  repo: Row<'repos'>;
  dir: string;
  /** Moves control's clocks forward. */
  advance(milliseconds: number): void;
  /** Moves only the wall clock, as someone who sets it. */
  setClock(milliseconds: number): void;
  /** Starts a new control loop, which has none of the old one's state in memory. */
  restart(): Promise<void>;
}

export async function openHarness({ token = null }: { token?: string | null } = {}): Promise<ControlHarness> {
  const dir = await mkdtemp(join(tmpdir(), 'gantry-harness-'));
  const redis = await startRedis();
  const config = readConfig({
    GANTRY_DATA_DIR: dir,
    GANTRY_REDIS_URL: redis.url,
    GANTRY_LOG_LEVEL: process.env.TEST_LOG ?? 'silent',
  });
  let skew = 0;
  let step = 0;
  const deps = await open();
  const harness: ControlHarness = {
    deps,
    redis,
    repo: await register(deps, token),
    dir,
    advance: (milliseconds) => void (skew += milliseconds),
    setClock: (milliseconds) => void (step += milliseconds),
    restart,
  };
  let stop = run(harness.deps);
  onTestFinished(async () => {
    await stop();
    await redis.end();
    await rm(dir, { recursive: true, force: true });
  });
  return harness;

  async function open(): Promise<ServerDeps> {
    return openControl({
      ...(await serverDeps(config, 'test')),
      now: () => Date.now() + skew + step,
      monotonic: () => performance.now() + skew,
    });
  }
  async function restart(): Promise<void> {
    await stop();
    harness.deps = await open();
    stop = run(harness.deps);
  }
}

function run(deps: ServerDeps): () => Promise<void> {
  const ending = new AbortController();
  const done = runControl(deps, ending.signal);
  return async () => {
    ending.abort();
    await done;
    await deps.bus.close();
    await deps.offers.close();
    await deps.wakeups.close();
    await deps.store.close();
  };
}

async function register(deps: ServerDeps, token: string | null): Promise<Row<'repos'>> {
  const id = deps.newId('repo');
  return deps.store.write((sql) =>
    sql
      .insertInto('repos')
      .values({
        id,
        name: 'acme/shop',
        github_id: 1,
        clone_url: 'http://127.0.0.1:1/acme/shop.git',
        default_branch: 'main',
        token_sealed: token === null ? null : deps.vault.seal(`repo/${id}/token`, token),
        webhook_secret_sealed: deps.vault.seal(`repo/${id}/webhook_secret`, 'secret'),
        created_at: deps.now(),
      })
      .returningAll()
      .executeTakeFirstOrThrow(),
  );
}
