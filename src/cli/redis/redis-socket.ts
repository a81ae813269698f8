import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import type { Config } from '../../config.ts';
import { CliError } from '../terminal/exit.ts';

/** The kernel's limit for the path of a unix socket, in bytes. */
const MAX_PATH = 107;

/** Where the managed Redis listens: in the data directory, or, if that path is too long, in a folder below the temporary directory. */
export function redisSocket(config: Config): string {
  const inside = join(config.redis_dir, 'redis.sock');
  if (Buffer.byteLength(inside) <= MAX_PATH) return inside;
  const key = createHash('sha256').update(config.data_dir).digest('hex').slice(0, 16);
  const outside = join(tmpdir(), `gantry-${key}`, 'redis.sock');
  if (Buffer.byteLength(outside) <= MAX_PATH) return outside;
  throw new CliError(
    'failed',
    `the paths ${config.data_dir} and ${tmpdir()} are both too long for a unix socket`,
    'Choose a data directory with a shorter path (GANTRY_DATA_DIR), or use another Redis (GANTRY_REDIS_URL).',
  );
}

/** Everyone can write to the temporary directory, so the folder of the socket must belong to this user alone. */
export function makeSocketFolder(socket: string): void {
  const folder = dirname(socket);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const found = lstatSync(folder);
  if (!found.isDirectory() || (found.mode & 0o077) !== 0 || found.uid !== userInfo().uid)
    throw new CliError(
      'failed',
      `${folder} does not belong to this user alone`,
      `Find out who created it, then run: rm -r ${folder}`,
    );
}
