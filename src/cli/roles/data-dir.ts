import { chmodSync, mkdirSync, statSync } from 'node:fs';
import type { Config } from '../../config.ts';
import { hasCode } from '../../error.ts';
import { CliError } from '../terminal/exit.ts';

/** Creates the missing folders of the data directory, and removes permissions that exceed their modes. */
export function makeDataDir(config: Config): void {
  for (const { path, mode } of layout(config)) {
    try {
      mkdirSync(path, { recursive: true, mode });
      const found = statSync(path).mode & 0o777;
      if ((found & ~mode) !== 0) chmodSync(path, found & mode);
    } catch (error) {
      throw notWritable(path, error);
    }
  }
}

/** The folders of the data directory with their modes; `Config` describes what each contains. */
export function layout(config: Config): { path: string; mode: number }[] {
  return [
    { path: config.data_dir, mode: 0o755 },
    { path: config.server_dir, mode: 0o700 },
    { path: config.shared_dir, mode: 0o755 },
    { path: config.work_dir, mode: 0o755 },
    { path: config.redis_dir, mode: 0o700 },
  ];
}

function notWritable(path: string, error: unknown): CliError {
  const why = hasCode(error) ? error.code : String(error);
  return new CliError(
    'failed',
    `cannot create or write ${path} (${why})`,
    `Make this user its owner (mkdir -p ${path} && chown $(id -un) ${path}), or choose another folder with GANTRY_DATA_DIR or --data-dir.`,
    { cause: error },
  );
}
