import { chmodSync, existsSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readWorkerKey } from '../../../src/adapters/vault/key-file.ts';
import { openEnvelope, openVault } from '../../../src/adapters/vault/open-vault.ts';
import { hashToken, newToken } from '../../../src/adapters/vault/token.ts';

let dir: string;
let place: { server_dir: string; worker_key_file: string; has_database: boolean };
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gantry-vault-'));
  place = {
    server_dir: join(dir, 'server'),
    worker_key_file: join(dir, 'shared', 'worker.key'),
    has_database: false,
  };
});
afterEach(() => rm(dir, { recursive: true, force: true }));

test('The first start creates a key of 32 bytes that only its owner can read', () => {
  openVault(place);
  const key = statSync(join(place.server_dir, 'key'));
  expect([key.size, key.mode & 0o777]).toEqual([32, 0o600]);
});

test('A second start can open what the first one sealed', () => {
  const sealed = openVault(place).seal('secret/repo/NAME/1', 'hunter2');
  expect(sealed).not.toContain('hunter2');
  expect(openVault({ ...place, has_database: true }).open('secret/repo/NAME/1', sealed)).toBe('hunter2');
});

test('Sealing the same value twice gives different texts', () => {
  const vault = openVault(place);
  expect(vault.seal('a', 'x')).not.toBe(vault.seal('a', 'x'));
});

test('A sealed value can be opened only in its own scope', () => {
  const vault = openVault(place);
  expect(() => vault.open('secret/other', vault.seal('secret/repo', 'x'))).toThrow(
    expect.objectContaining({ code: 'sealed' }),
  );
});

test.each(['v1.', 'v2.AAAA', 'nonsense', '', 'v1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'])(
  'Text that is not sealed (%j) is refused',
  (text) => {
    expect(() => openVault(place).open('a', text)).toThrow(expect.objectContaining({ code: 'sealed' }));
  },
);

test('With a database but without a key, the vault refuses to open and creates no key', () => {
  expect(() => openVault({ ...place, has_database: true })).toThrow(expect.objectContaining({ code: 'missing' }));
  expect(existsSync(join(place.server_dir, 'key'))).toBe(false);
});

test('A key of the wrong size is refused', () => {
  openVault(place);
  truncateSync(join(place.server_dir, 'key'), 31);
  expect(() => openVault(place)).toThrow(expect.objectContaining({ code: 'wrong_size' }));
});

test.each([0o644, 0o640, 0o604])('A key with mode %o is refused', (mode) => {
  openVault(place);
  chmodSync(join(place.server_dir, 'key'), mode);
  expect(() => openVault(place)).toThrow(expect.objectContaining({ code: 'exposed' }));
});

test('The workers’ key is readable by their group, and is rewritten when it differs', () => {
  const vault = openVault(place);
  expect(readWorkerKey(place.worker_key_file)).toEqual(vault.worker_key);
  expect(statSync(place.worker_key_file).mode & 0o777).toBe(0o640);
  expect(readFileSync(join(place.server_dir, 'key'))).not.toEqual(vault.worker_key);
  writeFileSync(place.worker_key_file, 'of another installation');
  expect(openVault(place).worker_key).toEqual(readWorkerKey(place.worker_key_file));
});

test('The error for a missing worker key explains how it is created', () => {
  openVault(place);
  rmSync(place.worker_key_file);
  expect(() => readWorkerKey(place.worker_key_file)).toThrow(/the server writes it when it starts/);
});

test('Server and worker derive the same installation', () => {
  const vault = openVault(place);
  expect(vault.installation).toMatch(/^[0-9a-f]{12}$/);
  expect(openEnvelope(vault.worker_key).installation).toBe(vault.installation);
});

test('A grant can be opened only for the same attempt, worker and nonce', () => {
  const { worker_key } = openVault(place);
  const sealed = openEnvelope(worker_key).seal('att_1:wrk_1:n1', { secrets: { A: 'b' } });
  expect(openEnvelope(worker_key).open('att_1:wrk_1:n1', sealed)).toEqual({ secrets: { A: 'b' } });
  expect(() => openEnvelope(worker_key).open('att_1:wrk_1:n2', sealed)).toThrow(
    expect.objectContaining({ code: 'sealed' }),
  );
});

test('Tokens are unique, have a prefix and are stored as a hash', () => {
  expect(newToken()).toMatch(/^gantry_[\w-]{43}$/);
  expect(newToken()).not.toBe(newToken());
  expect(hashToken('gantry_x')).toMatch(/^[0-9a-f]{64}$/);
});
