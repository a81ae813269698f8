import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { pino } from 'pino';
import { expect, vi } from 'vitest';
import { openBlobs } from '../../src/adapters/blobs/file-blobs.ts';
import { openGitHub } from '../../src/adapters/github/octokit.ts';
import { verifySignature } from '../../src/adapters/github/signature.ts';
import { readTrigger } from '../../src/adapters/github/webhook.ts';
import { openLogStore } from '../../src/adapters/logs/file-logs.ts';
import { openControlBus } from '../../src/adapters/redis/bus/control-bus.ts';
import { openReaderWakeups } from '../../src/adapters/redis/bus/reader-wakeups.ts';
import { openOffers } from '../../src/adapters/redis/queue/offers.ts';
import { openStore } from '../../src/adapters/store/store.ts';
import { openEnvelope, openVault } from '../../src/adapters/vault/open-vault.ts';
import { hashToken, newToken } from '../../src/adapters/vault/token.ts';
import { buildApp } from '../../src/api/app.ts';
import { type Config, readConfig } from '../../src/config.ts';
import { openControl } from '../../src/control/control.ts';
import type { ServerDeps } from '../../src/deps.ts';
import { newId } from '../../src/jobs/id.ts';
import { openMetrics } from '../../src/metrics.ts';
import { startRedis, type TestRedis } from '../redis.ts';
import { openContract } from './contract.ts';

/** The admin token of the harness. */
export const TOKEN = 'a-token-of-the-tests';

/** The API with real dependencies, private to the test. Neither a control loop nor a worker runs. */
export interface ApiHarness {
  deps: ServerDeps;
  app: OpenAPIHono;
  redis: TestRedis;
  draining: AbortController;
  /** Sends the token, and the body as JSON. */
  request(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  /** The JSON response, for any status. Throws if the response violates /openapi.json. */
  json(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<JsonResponse>;
  close(): Promise<void>;
}

interface JsonResponse {
  status: number;
  headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- the tests assert its shape, and the contract checks it
  body: any;
}

export async function openApiHarness(given: Partial<Config> = {}): Promise<ApiHarness> {
  const dir = await mkdtemp(join(tmpdir(), 'gantry-api-'));
  const redis = await startRedis();
  const config: Config = {
    ...readConfig({ GANTRY_DATA_DIR: dir, GANTRY_TOKEN: TOKEN, GANTRY_PUBLIC_URL: 'http://gantry.test' }),
    ...given,
  };
  const deps = openDeps(config, redis.url);
  await vi.waitFor(() => expect(deps.bus.up()).not.toBeNull(), { timeout: 10_000, interval: 5 });
  const draining = new AbortController();
  const app = buildApp(deps, draining.signal);
  const findViolations = await openContract(await (await app.request('/openapi.json')).json());

  async function request(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    return app.request(path, {
      method,
      headers: {
        authorization: `Bearer ${TOKEN}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  }
  return {
    deps,
    app,
    redis,
    draining,
    request,
    async json(method, path, body, headers) {
      const response = await request(method, path, body, headers);
      const text = await response.text();
      const type = response.headers.get('content-type');
      const violations = findViolations(method, path.split('?')[0] ?? '', response.status, type, text);
      if (violations.length > 0)
        throw new Error(`${method} ${path} violates the OpenAPI description:\n${violations.join('\n')}\n${text}`);
      return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) };
    },
    async close() {
      draining.abort();
      await Promise.all([deps.bus.close(), deps.offers.close(), deps.wakeups.close()]);
      await deps.store.close();
      await redis.end();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function openDeps(config: Config, redis: string): ServerDeps {
  const vault = openVault({
    server_dir: config.server_dir,
    worker_key_file: config.worker_key_file,
    has_database: false,
  });
  return openControl({
    config,
    log: pino({ level: 'silent' }),
    metrics: openMetrics('0.0.0'),
    store: openStore(join(config.server_dir, 'gantry.db')),
    vault,
    envelope: openEnvelope(vault.worker_key),
    bus: openControlBus(redis),
    offers: openOffers(redis),
    wakeups: openReaderWakeups(redis),
    logs: openLogStore(join(config.shared_dir, 'logs')),
    blobs: openBlobs(join(config.shared_dir, 'blobs')),
    github: openGitHub({ api_url: config.github_api_url }),
    webhooks: { verify: verifySignature, read: readTrigger },
    now: Date.now,
    monotonic: () => performance.now(),
    random: randomBytes,
    newToken,
    hashToken,
    newId: (prefix) => newId(prefix, Date.now(), randomBytes),
  });
}
