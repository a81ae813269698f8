import type { Mount } from '../../deps.ts';
import type { EngineDeps } from '../engine-deps.ts';

const CA = '/etc/gantry/ca-certificates.crt';
const VARIABLES = [
  'SSL_CERT_FILE',
  'NODE_EXTRA_CA_CERTS',
  'PIP_CERT',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'GIT_SSL_CAINFO',
];

/** How a job's container reaches the outside: the extra certificate authorities and the proxies that the worker itself has. */
export function outsideAccess({ config }: EngineDeps): { env: Record<string, string>; mounts: Mount[] } {
  if (config.ca_file === null) return { env: { ...config.proxy_env }, mounts: [] };
  return {
    env: { ...config.proxy_env, ...Object.fromEntries(VARIABLES.map((name) => [name, CA])) },
    mounts: [{ source: config.ca_file, target: CA, kind: 'bind', read_only: true }],
  };
}
