import { chmodSync, existsSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readWorkerKey } from '../../../src/adapters/vault/key-file.ts';
import { openEnvelope, openVault } from '../../../src/adapters/vault/open.ts';
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

test('the first start makes a key of 32 bytes that only its owner can read', () => {
  openVault(place);
  const key = statSync(join(place.server_dir, 'key'));
  expect([key.size, key.mode & 0o777]).toEqual([32, 0o600]);
});

test('a second start opens what the first one sealed', () => {
  const sealed = openVault(place).seal('secret/repo/NAME/1', 'hunter2');
  expect(sealed).not.toContain('hunter2');
  expect(openVault({ ...place, has_database: true }).open('secret/repo/NAME/1', sealed)).toBe('hunter2');
});

test('the same value is sealed to another text each time', () => {
  const vault = openVault(place);
  expect(vault.seal('a', 'x')).not.toBe(vault.seal('a', 'x'));
});

test('a sealed value opens only in the place that it was sealed for', () => {
  const vault = openVault(place);
  expect(() => vault.open('secret/other', vault.seal('secret/repo', 'x'))).toThrow(
    expect.objectContaining({ code: 'sealed' }),
  );
});

test.each(['v1.', 'v2.AAAA', 'nonsense', '', 'v1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'])(
  'text that was never sealed (%j) is refused',
  (text) => {
    expect(() => openVault(place).open('a', text)).toThrow(expect.objectContaining({ code: 'sealed' }));
  },
);

test('with a database and no key it refuses to start, and makes none', () => {
  expect(() => openVault({ ...place, has_database: true })).toThrow(expect.objectContaining({ code: 'missing' }));
  expect(existsSync(join(place.server_dir, 'key'))).toBe(false);
});

test('a key of the wrong size is refused', () => {
  openVault(place);
  truncateSync(join(place.server_dir, 'key'), 31);
  expect(() => openVault(place)).toThrow(expect.objectContaining({ code: 'wrong_size' }));
});

test.each([0o644, 0o640, 0o604])('a key with mode %o is refused', (mode) => {
  openVault(place);
  chmodSync(join(place.server_dir, 'key'), mode);
  expect(() => openVault(place)).toThrow(expect.objectContaining({ code: 'exposed' }));
});

test('workers get a key of their own, readable by their group, and it is put right when it differs', () => {
  const vault = openVault(place);
  expect(readWorkerKey(place.worker_key_file)).toEqual(vault.worker_key);
  expect(statSync(place.worker_key_file).mode & 0o777).toBe(0o640);
  expect(readFileSync(join(place.server_dir, 'key'))).not.toEqual(vault.worker_key);
  writeFileSync(place.worker_key_file, 'of another installation');
  expect(openVault(place).worker_key).toEqual(readWorkerKey(place.worker_key_file));
});

test('a worker without its key is told where it comes from', () => {
  openVault(place);
  rmSync(place.worker_key_file);
  expect(() => readWorkerKey(place.worker_key_file)).toThrow(/the server writes it when it starts/);
});

test('both ends of the conversation know the same installation', () => {
  const vault = openVault(place);
  expect(vault.installation).toMatch(/^[0-9a-f]{12}$/);
  expect(openEnvelope(vault.worker_key).installation).toBe(vault.installation);
});

test('a grant opens at the other end for the same attempt, worker and nonce alone', () => {
  const { worker_key } = openVault(place);
  const sealed = openEnvelope(worker_key).seal('att_1:wrk_1:n1', { secrets: { A: 'b' } });
  expect(openEnvelope(worker_key).open('att_1:wrk_1:n1', sealed)).toEqual({ secrets: { A: 'b' } });
  expect(() => openEnvelope(worker_key).open('att_1:wrk_1:n2', sealed)).toThrow(
    expect.objectContaining({ code: 'sealed' }),
  );
});

test('tokens are never alike, carry their prefix, and are stored as a hash', () => {
  expect(newToken()).toMatch(/^gantry_[\w-]{43}$/);
  expect(newToken()).not.toBe(newToken());
  expect(hashToken('gantry_x')).toMatch(/^[0-9a-f]{64}$/);
});
