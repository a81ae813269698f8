import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import type { Config } from '../../config.ts';
import { CliError } from '../terminal/exit.ts';

/** What the kernel takes as a unix socket's path. */
const LONGEST = 107;

/** Where the Redis of this data directory listens: in it, or, where that path is too long, in a folder of ours below the temporary one. */
export function redisSocket(config: Config): string {
  const inside = join(config.redis_dir, 'redis.sock');
  if (Buffer.byteLength(inside) <= LONGEST) return inside;
  const key = createHash('sha256').update(config.data_dir).digest('hex').slice(0, 16);
  const outside = join(tmpdir(), `gantry-${key}`, 'redis.sock');
  if (Buffer.byteLength(outside) <= LONGEST) return outside;
  throw new CliError(
    'failed',
    `${config.data_dir} is too long a path for a unix socket in it, and so is ${tmpdir()}`,
    'Give a data directory with a shorter path (GANTRY_DATA_DIR), or a Redis (GANTRY_REDIS_URL).',
  );
}

/** The temporary folder is everybody's: the socket's folder there must be ours alone. */
export function makeSocketFolder(socket: string): void {
  const folder = dirname(socket);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const found = lstatSync(folder);
  if (!found.isDirectory() || (found.mode & 0o077) !== 0 || found.uid !== userInfo().uid)
    throw new CliError('failed', `${folder} is open to others or not ours`, `Look who made it, then: rm -r ${folder}`);
}
