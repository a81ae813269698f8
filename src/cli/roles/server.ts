import { closeSync, fsyncSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import manifest from '../../../package.json' with { type: 'json' };
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

/** API and control in one process, until `signal` aborts: then the server closes, and control hears what is still on its way. */
export async function startServer(
  config: Config,
  signal: AbortSignal,
  ready: (server: ServerReady) => void,
): Promise<void> {
  makeDataDir(config);
  await using open = new AsyncDisposableStack();
  const lock = takeLock(await openLocks(), join(config.server_dir, 'server.lock'), `the server of ${config.data_dir}`);
  open.defer(() => lock.release());
  const deps = openControl(await serverDeps(await withRedisUrl(config), manifest.version));
  open.defer(() => closeDeps(deps));
  const first_token = await makeFirstToken(deps);
  const stop = new AbortController();
  const control = runControl(deps, stop.signal);
  open.defer(async () => {
    stop.abort();
    await control.catch(() => undefined);
  });
  const server = await serve(deps);
  open.defer(() => server.close());
  const address = addressOf(server);
  writeFileSync(addressFile(config), `${address}\n`, { mode: 0o644 });
  open.defer(() => rmSync(addressFile(config), { force: true }));
  deps.log.info({ address, data_dir: config.data_dir }, 'the server is ready');
  ready({ address, first_token, installation: deps.vault.installation });
  await Promise.race([control, aborted(signal)]);
  deps.log.info('the server stops');
}

/** How a process of this machine reaches it. */
function addressOf({ host, port }: HttpServer): string {
  const reachable = { '0.0.0.0': '127.0.0.1', '::': '[::1]' }[host] ?? (host.includes(':') ? `[${host}]` : host);
  return `http://${reachable}:${port}`;
}

async function closeDeps(deps: ServerDeps): Promise<void> {
  await Promise.allSettled([deps.bus.close(), deps.offers.close(), deps.wakeups.close()]);
  await deps.store.close();
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/**
 * On the first start an admin token, in `server/token` (0600) for the command line of this machine. Not when one is given from outside, and not
 * again: whoever lost all tokens starts the server with GANTRY_TOKEN.
 */
async function makeFirstToken(deps: ServerDeps): Promise<boolean> {
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
