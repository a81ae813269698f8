import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { CodedError } from '../../error.ts';

const VERSION = 'v1';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Returns `v1.` and the base64url of IV, tag and ciphertext. `binding` is authenticated but not stored: opening needs the same one. */
export function seal(key: Buffer, binding: string, value: string): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(binding));
  const ciphertext = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()]);
  return `${VERSION}.${Buffer.concat([iv, cipher.getAuthTag(), ciphertext]).toString('base64url')}`;
}

/** Throws `SealError` when the key or the binding is another one than for sealing, or the text was changed. */
export function unseal(key: Buffer, binding: string, sealed: string): string {
  const [version, text] = sealed.split('.', 2);
  const bytes = Buffer.from(text ?? '', 'base64url');
  if (version !== VERSION || bytes.length < IV_BYTES + TAG_BYTES)
    throw new SealError(`Cannot open the value for ${binding}: it is not in the format ${VERSION}`);
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES))
    .setAAD(Buffer.from(binding))
    .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  try {
    return decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
  } catch (cause) {
    throw new SealError(`Cannot open the value for ${binding}: wrong key, or the value was changed`, { cause });
  }
}

/** A sealed text that cannot be opened: another key, another binding, or a changed text. */
export class SealError extends CodedError<'sealed'> {
  constructor(message: string, options?: ErrorOptions) {
    super('sealed', message, options);
  }
}
