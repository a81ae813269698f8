import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config.ts';
import { hasCode } from '../../error.ts';
import { CliError } from '../terminal/exit.ts';

/** The file to which a running server writes its address. */
export function addressFile(config: Config): string {
  return join(config.shared_dir, 'address');
}

/** The first admin token, 0600. The operator may have deleted it. */
export function tokenFile(config: Config): string {
  return join(config.server_dir, 'token');
}

export interface ServerAddress {
  url: string;
  token: string | null;
}

/**
 * GANTRY_URL and GANTRY_TOKEN, else the address and token in the local data directory. The local token is sent only to the local
 * server.
 */
export function findServer(config: Config): ServerAddress {
  const running = readOrNull(addressFile(config));
  const local = running ?? `http://127.0.0.1:${config.port}`;
  const url = config.url ?? local;
  if (config.token !== null) return { url, token: config.token };
  return { url, token: url === local ? readOrNull(tokenFile(config)) : null };
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim() || null;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return null;
    // Only the server's user can read the token; other users set GANTRY_TOKEN.
    if (hasCode(error, 'EACCES')) return null;
    throw new CliError('failed', `cannot read ${path}`, null, { cause: error });
  }
}
