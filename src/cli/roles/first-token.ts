import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { createToken } from '../../control/tokens.ts';
import type { ServerDeps } from '../../deps.ts';
import { tokenFile } from '../client/server-address.ts';

/**
 * On the first start an admin token, in `server/token` (0600) for the command line of this machine. Not when one is given from outside, and not
 * again: whoever lost all tokens starts the server with GANTRY_TOKEN.
 */
export async function makeFirstToken(deps: ServerDeps): Promise<boolean> {
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
