import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  openSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Config } from '../../config.ts';
import { messageOf } from '../../error.ts';
import { layout } from '../roles/data-dir.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

export function checkDataDir(config: Config): Finding {
  const part = 'data directory';
  if (!existsSync(config.data_dir)) {
    const parent = nearestExisting(config.data_dir);
    if (isWritable(parent)) return ok(part, `${config.data_dir}: the first start creates it`);
    return fail(
      part,
      `cannot create ${config.data_dir}: ${parent} is not writable by this user`,
      `As root, run: mkdir -p ${config.data_dir} && chown $(id -un) ${config.data_dir}. Or set GANTRY_DATA_DIR.`,
    );
  }
  if (!isWritable(config.data_dir))
    return fail(
      part,
      `${config.data_dir} is not writable by this user`,
      'Run Gantry as the owner of the directory, or set GANTRY_DATA_DIR.',
    );
  const open = layout(config).filter(
    ({ path, mode }) => existsSync(path) && (statSync(path).mode & 0o777 & ~mode) !== 0,
  );
  if (open.length === 0) return ok(part, config.data_dir);
  return warn(
    part,
    `${config.data_dir}: permissions are too open`,
    open.map(({ path, mode }) => `chmod ${mode.toString(8)} ${path}`).join('\n'),
  );
}

export function checkKey(config: Config): Finding {
  const path = join(config.server_dir, 'key');
  if (!existsSync(path)) {
    if (existsSync(join(config.server_dir, 'gantry.sqlite')))
      return fail(
        'key',
        `${path} is missing; the database beside it cannot be decrypted without it`,
        'Restore the key from your backup.',
      );
    if (existsSync(config.worker_key_file)) return ok('key', `worker key only: ${config.worker_key_file}`);
    return ok('key', 'the first start creates it');
  }
  const mode = statSync(path).mode & 0o777;
  if ((mode & 0o077) !== 0)
    return fail('key', `${path} has mode ${mode.toString(8)}: other users can read it`, `chmod 600 ${path}`);
  if (!existsSync(config.worker_key_file))
    return warn('key', `${config.worker_key_file} is missing`, 'The server writes it when it starts: gantry up');
  return ok('key', `${path}; worker key: ${config.worker_key_file}`);
}

export function checkDisk(config: Config): Finding {
  for (const folder of [config.data_dir, config.server_dir, config.shared_dir, config.work_dir]) {
    const problem = findWriteProblem(folder);
    if (problem !== null)
      return fail('disk', `cannot write to ${folder}: ${problem}`, 'Free space on its disk, or make it writable.');
  }
  const { bavail, blocks, bsize } = statfsSync(nearestExisting(config.data_dir));
  const free = (bavail * bsize) / 1024 ** 3;
  const found = `${free.toFixed(1)} GiB free of ${((blocks * bsize) / 1024 ** 3).toFixed(1)} GiB for ${config.data_dir}`;
  const advice = 'To see what images and caches use, run: docker system df';
  if (free < 1) return fail('disk', found, `There is too little space for logs and checkouts. ${advice}`);
  if (free < 5) return warn('disk', found, `Image builds may need more space. ${advice}`);
  return ok('disk', found);
}

/** Writes and removes a small file. Null when that works, or when there is no such folder yet. */
function findWriteProblem(folder: string): string | null {
  if (!existsSync(folder)) return null;
  const path = join(folder, `.doctor-${process.pid}`);
  try {
    const file = openSync(path, 'w', 0o600);
    try {
      writeSync(file, 'x');
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    return null;
  } catch (error) {
    return messageOf(error);
  } finally {
    rmSync(path, { force: true });
  }
}

function nearestExisting(path: string): string {
  return existsSync(path) ? path : nearestExisting(dirname(path));
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
