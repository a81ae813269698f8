import { z } from 'zod';
import { messageOf } from '../../../error.ts';
import { DockerError, type DockerErrorCode } from '../docker.ts';

/** Awaits a call and turns its failure into a `DockerError`. `operation` completes "Cannot ...". */
export async function awaitCall<T>(operation: string, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw toDockerError(operation, error);
  }
}

/** Like `awaitCall`, but resolves with `otherwise` when the Engine responds with one of these HTTP statuses. */
export async function awaitCallUnless<T, D>(operation: string, statuses: number[], otherwise: D, call: Promise<T>) {
  try {
    return await call;
  } catch (error) {
    const status = Refusal.safeParse(error).data?.statusCode;
    if (status !== undefined && statuses.includes(status)) return otherwise;
    throw toDockerError(operation, error);
  }
}

export function toDockerError(operation: string, error: unknown): DockerError {
  if (error instanceof DockerError) return error;
  const broken = Broken.safeParse(error).data;
  if (broken && LOST.has(broken.code))
    return new DockerError('unreachable', `Cannot ${operation}: ${advice(broken.code)}`, { cause: error });
  const refusal = Refusal.safeParse(error).data;
  if (!refusal) return new DockerError('failed', `Cannot ${operation}: ${messageOf(error)}`, { cause: error });
  const reason = reasonOf(refusal);
  if (reason.includes('all predefined address pools have been fully subnetted'))
    return new DockerError('failed', `Cannot ${operation}: ${POOLS_EXHAUSTED}`, { cause: error });
  return new DockerError(BY_STATUS[refusal.statusCode] ?? 'failed', `Cannot ${operation}: ${reason}`, { cause: error });
}

const Broken = z.object({ code: z.string() });

/** How docker-modem reports an error response. */
const Refusal = z.object({
  statusCode: z.int(),
  reason: z.union([z.string(), z.boolean()]).optional(),
  message: z.string(),
  json: z.object({ message: z.string() }).nullish().catch(null),
});

const BY_STATUS: Record<number, DockerErrorCode> = {
  400: 'refused',
  401: 'refused',
  403: 'refused',
  404: 'not_found',
  409: 'conflict',
};

const LOST = new Set([
  'ENOENT',
  'ECONNREFUSED',
  'ECONNRESET',
  'EACCES',
  'EPERM',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
]);

const POOLS_EXHAUSTED =
  'the Docker Engine’s address pools are exhausted. Remove unused networks (docker network prune), or add "default-address-pools" in daemon.json';

function advice(code: string): string {
  if (code === 'EACCES' || code === 'EPERM')
    return `this user has no access to the Docker Engine’s socket (${code}). Run as root or as a member of the socket’s group`;
  if (code === 'ECONNRESET' || code === 'EPIPE')
    return `the Docker Engine closed the connection or did not respond (${code}). Check its log (journalctl -u docker)`;
  return `the Docker Engine is unreachable (${code}). Check that it is running (systemctl status docker) and that DOCKER_HOST, if set, is correct`;
}

function reasonOf(refusal: z.infer<typeof Refusal>): string {
  if (refusal.json) return refusal.json.message.trim();
  // For streams docker-modem puts the Engine's message into this sentence.
  const prefix = `(HTTP code ${refusal.statusCode}) ${refusal.reason || 'unexpected'} - `;
  return (refusal.message.startsWith(prefix) ? refusal.message.slice(prefix.length) : refusal.message).trim();
}

/** Whether an error message of the Engine is about the network, a disk or the Engine itself. It has no codes for these. */
export function isHostFault(message: string): boolean {
  return HOST_FAULT.test(message);
}

const HOST_FAULT =
  /no space left on device|dial tcp|no such host|i\/o timeout|connection (refused|reset)|network is unreachable|TLS handshake|x509:|unexpected EOF|Client\.Timeout|server misbehaving|: EOF|(50[0234]) (Internal|Bad|Service|Gateway)/;
