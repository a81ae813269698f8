import { readdirSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { checkDisk } from '../../../src/cli/doctor/data-dir-checks.ts';
import { readConfig } from '../../../src/config.ts';
import { openSmallDisk } from '../../small-disk.ts';

const disk = openSmallDisk();
afterAll(() => disk?.close());

test.skipIf(disk === null)('The doctor fails when the data directory cannot be written', () => {
  if (disk === null) return;
  const config = readConfig({ GANTRY_DATA_DIR: disk.path });
  disk.fill();
  expect(checkDisk(config)).toMatchObject({
    state: 'fail',
    found: expect.stringMatching(new RegExp(`^cannot write to ${disk.path}: ENOSPC`)),
  });
  expect(readdirSync(disk.path)).toEqual(['filler']);
  disk.free();
  expect(checkDisk(config).found).toContain('GiB free');
});
