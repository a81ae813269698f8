import { createHash, randomBytes } from 'node:crypto';

/** 256 random bits after a prefix that secret scanners can recognise. */
export function newToken(): string {
  return `gantry_${randomBytes(32).toString('base64url')}`;
}

/** The stored form of a token. A plain SHA-256 is safe, because a token has 256 random bits. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
