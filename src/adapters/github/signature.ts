import { verify } from '@octokit/webhooks-methods';

// A byte order mark is kept and broken UTF-8 refused: what is verified is these bytes and no others.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Whether `header` (X-Hub-Signature-256) signs exactly `body`, in constant time. Never throws:
 * a missing, repeated or malformed header is as wrong as a forged one.
 */
export async function verifySignature(secret: string, body: Uint8Array, header: string | undefined): Promise<boolean> {
  if (secret === '' || body.length === 0) return false;
  if (header === undefined || !/^sha256=[0-9a-f]{64}$/.test(header)) return false;
  try {
    return await verify(secret, utf8.decode(body), header);
  } catch {
    return false;
  }
}
