import { createHash, randomBytes } from 'node:crypto';

/** 256 random bits behind a prefix that scanners for leaked secrets can know. */
export function newToken(): string {
  return `gantry_${randomBytes(32).toString('base64url')}`;
}

/** What is stored of a token: with 256 random bits a plain SHA-256 gives nothing away. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
