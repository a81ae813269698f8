import { hkdfSync } from 'node:crypto';
import { KEY_BYTES, masterKey, publishWorkerKey } from './key-file.ts';
import { seal, unseal } from './seal.ts';
import type { Envelope, Vault } from './vault.ts';

/** Creates the keys on the first start, and writes the workers' key. Throws `KeyError` when the master key is missing, has the wrong size or is readable by others. */
export function openVault(place: { server_dir: string; worker_key_file: string; has_database: boolean }): Vault {
  const key = masterKey(place.server_dir, place.has_database);
  const sealing = derive(key, 'vault', KEY_BYTES);
  const workerKey = derive(key, 'worker', KEY_BYTES);
  publishWorkerKey(place.worker_key_file, workerKey);
  return {
    seal: (scope, value) => seal(sealing, scope, value),
    open: (scope, sealed) => unseal(sealing, scope, sealed),
    worker_key: workerKey,
    installation: installationOf(workerKey),
  };
}

export function openEnvelope(workerKey: Buffer): Envelope {
  const sealing = derive(workerKey, 'envelope', KEY_BYTES);
  return {
    seal: (binding, value) => seal(sealing, binding, JSON.stringify(value)),
    open: (binding, sealed) => JSON.parse(unseal(sealing, binding, sealed)) as unknown,
    installation: installationOf(workerKey),
  };
}

/** Twelve hex digits: short enough for names in Docker, and derived, so that it does not reveal the key. */
function installationOf(workerKey: Buffer): string {
  return derive(workerKey, 'installation', 6).toString('hex');
}

function derive(key: Buffer, purpose: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', purpose, bytes));
}
