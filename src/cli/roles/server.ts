import { closeSync, fsyncSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import manifest from '../../../package.json' with { type: 'json' };
import { unlessAborted } from '../../abort.ts';
import { type HttpServer, serve } from '../../api/http-server.ts';
import type { Config } from '../../config.ts';
import { openControl } from '../../control/control.ts';
import { runControl } from '../../control/control-loop.ts';
import { createToken } from '../../control/tokens.ts';
import { openLocks, type ServerDeps, serverDeps } from '../../deps.ts';
import { addressFile, tokenFile } from '../client/server-address.ts';
import { withRedisUrl } from '../redis/redis-check.ts';
import type { ServerReady } from '../supervision/role-process.ts';
import { makeDataDir } from './data-dir.ts';
import { takeLock } from './lock.ts';

/** Runs API and control in this process until `signal` aborts. The HTTP server closes first; until then, control keeps running. */
export async function startServer(
  config: Config,
  signal: AbortSignal,
  ready: (server: ServerReady) => void,
): Promise<void> {
  makeDataDir(config);
  await using resources = new AsyncDisposableStack();
  const lock = takeLock(await openLocks(), join(config.server_dir, 'server.lock'), `the server of ${config.data_dir}`);
  resources.defer(() => lock.release());
  const deps = openControl(await serverDeps(await withRedisUrl(config), manifest.version));
  resources.defer(() => closeDeps(deps));
  const first_token = await createFirstToken(deps);
  const stop = new AbortController();
  const control = runControl(deps, stop.signal);
  resources.defer(async () => {
    stop.abort();
    await control.catch(() => undefined);
  });
  const http = await serve(deps);
  resources.defer(() => http.close());
  const address = localAddress(http);
  writeFileSync(addressFile(config), `${address}\n`, { mode: 0o644 });
  resources.defer(() => rmSync(addressFile(config), { force: true }));
  deps.log.info({ address, data_dir: config.data_dir }, 'server ready');
  ready({ address, first_token, installation: deps.vault.installation });
  await unlessAborted(control, signal);
  deps.log.info('server stopping');
}

/** The URL for clients on this machine. */
function localAddress({ host, port }: HttpServer): string {
  const reachable = { '0.0.0.0': '127.0.0.1', '::': '[::1]' }[host] ?? (host.includes(':') ? `[${host}]` : host);
  return `http://${reachable}:${port}`;
}

async function closeDeps(deps: Pick<ServerDeps, 'bus' | 'offers' | 'store' | 'wakeups'>): Promise<void> {
  await Promise.allSettled([deps.bus.close(), deps.offers.close(), deps.wakeups.close()]);
  await deps.store.close();
}

/**
 * Creates an admin token on the first start and writes it to `server/token` (0600), for the command line on this machine. Does nothing
 * when GANTRY_TOKEN is set or any token exists: an operator who lost all tokens starts the server with GANTRY_TOKEN.
 */
async function createFirstToken(
  deps: Pick<ServerDeps, 'config' | 'hashToken' | 'newId' | 'newToken' | 'now' | 'store'>,
): Promise<boolean> {
  if (deps.config.token !== null) return false;
  const any = await deps.store.read.selectFrom('tokens').select('id').limit(1).executeTakeFirst();
  if (any !== undefined) return false;
  const { token } = await createToken(deps, 'first admin token');
  const file = openSync(tokenFile(deps.config), 'w', 0o600);
  try {
    writeSync(file, `${token}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return true;
}
