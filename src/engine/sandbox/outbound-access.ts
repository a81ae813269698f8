import { readFile } from 'node:fs/promises';
import type { Mount } from '../../deps.ts';
import type { EngineDeps } from '../engine-deps.ts';

type Config = Pick<EngineDeps['config'], 'ca_file' | 'proxy_env'>;

const CA = '/etc/gantry/ca-certificates.crt';
const VARIABLES = [
  'SSL_CERT_FILE',
  'NODE_EXTRA_CA_CERTS',
  'PIP_CERT',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'GIT_SSL_CAINFO',
];

/** Gives a container the worker's HTTP proxies and its extra certificate authorities. */
export function outboundAccess({ ca_file, proxy_env }: Config): { env: Record<string, string>; mounts: Mount[] } {
  if (ca_file === null) return { env: { ...proxy_env }, mounts: [] };
  return {
    env: { ...proxy_env, ...Object.fromEntries(VARIABLES.map((name) => [name, CA])) },
    mounts: [{ source: ca_file, target: CA, kind: 'bind', read_only: true }],
  };
}

/** The extra certificate authorities as a build secret: builds have no mounts. */
export async function caSecret({ ca_file }: Pick<Config, 'ca_file'>): Promise<Record<string, Buffer>> {
  return ca_file === null ? {} : { 'gantry-ca': await readFile(ca_file) };
}
