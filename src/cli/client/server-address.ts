import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config.ts';
import { CliError } from '../terminal/exit.ts';

/** The file in which a server of this machine says where it listens. */
export function addressFile(config: Config): string {
  return join(config.shared_dir, 'address');
}

/** The first admin token, 0600; gone when the operator removed it. */
export function tokenFile(config: Config): string {
  return join(config.server_dir, 'token');
}

export interface ServerAddress {
  url: string;
  token: string | null;
}

/**
 * GANTRY_URL and GANTRY_TOKEN, else what the server of this machine's data directory wrote down. Its token goes to that
 * server's address and to no other.
 */
export function findServer(config: Config): ServerAddress {
  const written = readOrNull(addressFile(config));
  const here = written ?? `http://127.0.0.1:${config.port}`;
  const url = config.url ?? here;
  if (config.token !== null) return { url, token: config.token };
  return { url, token: url === here ? readOrNull(tokenFile(config)) : null };
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim() || null;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    // The token is the server's user's alone: someone else on this machine brings one by GANTRY_TOKEN.
    if (code === 'EACCES') return null;
    throw new CliError('failed', `${path} cannot be read`, null, { cause: error });
  }
}
