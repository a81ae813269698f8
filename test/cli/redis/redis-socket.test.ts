import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeSocketFolder, redisSocket } from '../../../src/cli/redis/redis-socket.ts';
import { readConfig } from '../../../src/config.ts';

const configOf = (dir: string) => readConfig({}, { GANTRY_DATA_DIR: dir });

test('The socket is in the data directory', () => {
  expect(redisSocket(configOf('/srv/gantry'))).toBe('/srv/gantry/redis/redis.sock');
});

test('If that path is too long, each data directory has its own socket below the temporary directory', () => {
  const long = `/srv/${'deep/'.repeat(30)}`;
  const socket = redisSocket(configOf(`${long}a`));
  expect(socket.startsWith(tmpdir())).toBe(true);
  expect(socket).not.toBe(redisSocket(configOf(`${long}b`)));
  expect(socket).toBe(redisSocket(configOf(`${long}a`)));
});

test('The folder of the socket is created for this user alone, and rejected if others can enter it', () => {
  const dir = mkdtempSync(join(tmpdir(), 'socket-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  makeSocketFolder(join(dir, 'mine', 'redis.sock'));
  expect(statSync(join(dir, 'mine')).mode & 0o777).toBe(0o700);
  mkdirSync(join(dir, 'theirs'), { mode: 0o755 });
  expect(() => makeSocketFolder(join(dir, 'theirs', 'redis.sock'))).toThrow('does not belong to this user alone');
});
