import { z } from 'zod';
import { messageOf } from '../../../error.ts';
import { DockerError, type DockerErrorCode } from '../docker.ts';

/** Awaits a call and turns its failure into a `DockerError` that begins with what was being done. */
export async function asked<T>(doing: string, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw toDockerError(doing, error);
  }
}

/** The same, but `otherwise` when the Engine answers with one of these HTTP statuses. */
export async function askedUnless<T, D>(doing: string, statuses: number[], otherwise: D, call: Promise<T>) {
  try {
    return await call;
  } catch (error) {
    const status = Refusal.safeParse(error).data?.statusCode;
    if (status !== undefined && statuses.includes(status)) return otherwise;
    throw toDockerError(doing, error);
  }
}

export function toDockerError(doing: string, error: unknown): DockerError {
  if (error instanceof DockerError) return error;
  const broken = Broken.safeParse(error).data;
  if (broken && LOST.has(broken.code))
    return new DockerError('unreachable', `Cannot ${doing}: ${cure(broken.code)}`, { cause: error });
  const refusal = Refusal.safeParse(error).data;
  if (!refusal) return new DockerError('failed', `Cannot ${doing}: ${textOf(error)}`, { cause: error });
  const words = wordsOf(refusal);
  if (words.includes('all predefined address pools have been fully subnetted'))
    return new DockerError('failed', `Cannot ${doing}: ${POOLS_SPENT}`, { cause: error });
  return new DockerError(BY_STATUS[refusal.statusCode] ?? 'failed', `Cannot ${doing}: ${words}`, { cause: error });
}

const Broken = z.object({ code: z.string() });

/** How docker-modem reports an answer that is not a success. */
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

const POOLS_SPENT =
  'all of the Docker Engine’s address pools are taken. Remove networks that nothing uses (docker network prune), or give it more with "default-address-pools" in daemon.json';

function cure(code: string): string {
  if (code === 'EACCES' || code === 'EPERM')
    return `this user may not use the Docker Engine’s socket (${code}). Run as root or as a member of its group`;
  if (code === 'ECONNRESET' || code === 'EPIPE')
    return `the Docker Engine broke off or did not answer (${code}). Look at its log (journalctl -u docker)`;
  return `no Docker Engine answers (${code}). Is it running (systemctl status docker), and does DOCKER_HOST, if set, name it?`;
}

function wordsOf(refusal: z.infer<typeof Refusal>): string {
  if (refusal.json) return refusal.json.message.trim();
  // Answers to streams carry the Engine's words only inside this sentence of docker-modem.
  const prefix = `(HTTP code ${refusal.statusCode}) ${refusal.reason || 'unexpected'} - `;
  return (refusal.message.startsWith(prefix) ? refusal.message.slice(prefix.length) : refusal.message).trim();
}

function textOf(error: unknown): string {
  return messageOf(error);
}
