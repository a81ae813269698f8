import { verify } from '@octokit/webhooks-methods';

// Keeps a byte order mark and refuses invalid UTF-8, so that exactly these bytes are verified.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Whether `header` (X-Hub-Signature-256) signs exactly `body`, in constant time. Never throws:
 * a missing, repeated or malformed header is false.
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
