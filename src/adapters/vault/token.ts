import { createHash, randomBytes } from 'node:crypto';

/** 256 random bits after a prefix by which secret scanners can recognise them. */
export function newToken(): string {
  return `gantry_${randomBytes(32).toString('base64url')}`;
}

/** The stored form of a token. For 256 random bits a plain SHA-256 is safe. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
