import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readConfig } from '../src/config.ts';

test('All problems are reported together, by the names of the variables', () => {
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
  expect(() => readConfig(given)).toThrow(`Invalid configuration:
  GANTRY_PORT: must be a port from 0 to 65535
  GANTRY_PUBLIC_URL: must be a URL with http:// or https://
  GANTRY_TOKEN: must have at least 16 characters
  GANTRY_WORKERS: must be a whole number of at least 1
  GANTRY_SLOTS: must be a whole number of at least 2, because one slot is reserved for deployments
  GANTRY_PROXY_HTTP_PORT: must be a port from 0 to 65535
  GANTRY_JOB_CPUS: must be a number of cores
  GANTRY_SHUTDOWN_TIMEOUT: must be at least 0 seconds`);
});

test('A flag overrides the environment, which overrides the default; an empty variable counts as not set', () => {
  expect(readConfig({}).port).toBe(8080);
  expect(readConfig({ GANTRY_PORT: '' }).port).toBe(8080);
  expect(readConfig({ GANTRY_PORT: '9000' }).port).toBe(9000);
  expect(readConfig({ GANTRY_PORT: '9000' }, { GANTRY_PORT: '9001' }).port).toBe(9001);
});

test('A secret can be in a file; white space at its end is removed', () => {
  const dir = mkdtempSync(join(tmpdir(), 'gantry-config-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const file = join(dir, 'token');
  writeFileSync(file, 'a-token-from-a-file\n');
  expect(readConfig({ GANTRY_TOKEN_FILE: file }).token).toBe('a-token-from-a-file');
  expect(() => readConfig({ GANTRY_WEBHOOK_SECRET_FILE: join(dir, 'none') })).toThrow(
    `GANTRY_WEBHOOK_SECRET_FILE: cannot read ${join(dir, 'none')}`,
  );
});
