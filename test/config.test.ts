import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readConfig } from '../src/config.ts';

test('what does not hold is told at once, each by its name and in words', () => {
  const given = {
    GANTRY_PORT: 'abc',
    GANTRY_PROXY_HTTP_PORT: '99999',
    GANTRY_WORKERS: '1.5',
    GANTRY_SLOTS: '1',
    GANTRY_PUBLIC_URL: 'ci.example.com',
    GANTRY_JOB_CPUS: 'many',
    GANTRY_SHUTDOWN_TIMEOUT: '-1',
    GANTRY_TOKEN: 'short',
  };
  expect(() => readConfig(given)).toThrow(`The configuration does not hold:
  GANTRY_PORT: a port, 0 to 65535
  GANTRY_PUBLIC_URL: an address with http:// or https://
  GANTRY_TOKEN: at least 16 characters
  GANTRY_WORKERS: a whole number from 1
  GANTRY_SLOTS: a whole number, at least 2: one is kept for deploy
  GANTRY_PROXY_HTTP_PORT: a port, 0 to 65535
  GANTRY_JOB_CPUS: a number of cores
  GANTRY_SHUTDOWN_TIMEOUT: seconds, from 0`);
});

test('flags win over the environment, the environment over defaults; what is empty is not given', () => {
  expect(readConfig({}).port).toBe(8080);
  expect(readConfig({ GANTRY_PORT: '' }).port).toBe(8080);
  expect(readConfig({ GANTRY_PORT: '9000' }).port).toBe(9000);
  expect(readConfig({ GANTRY_PORT: '9000' }, { GANTRY_PORT: '9001' }).port).toBe(9001);
});

test('a secret may be in a file, whose last line end does not count', () => {
  const dir = mkdtempSync(join(tmpdir(), 'gantry-config-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const file = join(dir, 'token');
  writeFileSync(file, 'a-token-from-a-file\n');
  expect(readConfig({ GANTRY_TOKEN_FILE: file }).token).toBe('a-token-from-a-file');
  expect(() => readConfig({ GANTRY_WEBHOOK_SECRET_FILE: join(dir, 'none') })).toThrow(
    `GANTRY_WEBHOOK_SECRET_FILE: cannot read ${join(dir, 'none')}`,
  );
});
