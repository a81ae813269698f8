import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasCode } from '../src/error.ts';

/** A real filesystem of 4 MiB in memory. */
export interface SmallDisk {
  path: string;
  /** Leaves no free byte. */
  fill(): void;
  free(): void;
  close(): void;
}

/** Null when this process may not mount: only root may. The caller skips its tests then. */
export function openSmallDisk(): SmallDisk | null {
  const path = mkdtempSync(join(tmpdir(), 'gantry-disk-'));
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', path], { encoding: 'utf8' });
  if (status !== 0) {
    process.stderr.write(`Tests of a full disk are skipped: cannot mount a tmpfs (root is needed): ${stderr}\n`);
    rmdirSync(path);
    return null;
  }
  const filler = join(path, 'filler');
  return {
    path,
    fill() {
      const file = openSync(filler, 'a');
      try {
        for (;;) writeSync(file, Buffer.alloc(4096));
      } catch (error) {
        if (!hasCode(error, 'ENOSPC')) throw error;
      } finally {
        closeSync(file);
      }
    },
    free: () => rmSync(filler, { force: true }),
    close() {
      execFileSync('umount', [path]);
      rmdirSync(path);
    },
  };
}
