import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { verifySignature } from '../../../src/adapters/github/signature.ts';

// The example in GitHub's documentation.
const SECRET = "It's a Secret to Everybody";
const BODY = 'Hello, World!';
const SIGNATURE = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';

describe('A webhook signature', () => {
  it('is valid for the example in GitHub’s documentation', async () => {
    expect(await verify(BODY, SIGNATURE)).toBe(true);
  });

  it('is invalid for another body or another secret', async () => {
    expect(await verify('Hello, World?', SIGNATURE)).toBe(false);
    expect(await verifySignature('another', bytes(BODY), SIGNATURE)).toBe(false);
  });

  it.each([
    ['missing', undefined],
    ['empty', ''],
    ['without its algorithm', SIGNATURE.slice('sha256='.length)],
    ['too short', SIGNATURE.slice(0, -1)],
    ['too long', `${SIGNATURE}0`],
    ['not hexadecimal', `sha256=${'z'.repeat(64)}`],
    ['not ASCII', `sha256=${'é'.repeat(64)}`],
    ['in capitals', SIGNATURE.toUpperCase()],
    ['sent twice', `${SIGNATURE}, ${SIGNATURE}`],
    ['followed by a line break', `${SIGNATURE}\n`],
    ['another algorithm’s', `sha1=${createHmac('sha1', SECRET).update(BODY).digest('hex')}`],
    ['sha1 under the name of sha256', `sha256=${createHmac('sha1', SECRET).update(BODY).digest('hex')}`],
    ['forged', `sha256=${'0'.repeat(64)}`],
  ])('is invalid, without an error, when it is %s', async (_, header) => {
    expect(await verify(BODY, header)).toBe(false);
  });

  it('is invalid for an empty body or an empty secret', async () => {
    expect(await verifySignature(SECRET, bytes(''), signed(''))).toBe(false);
    expect(
      await verifySignature('', bytes(BODY), `sha256=${createHmac('sha256', '').update(BODY).digest('hex')}`),
    ).toBe(false);
  });

  it('covers the exact bytes, including a byte order mark and invalid UTF-8', async () => {
    expect(await verifySignature(SECRET, bytes('\uFEFF{}'), signed('\uFEFF{}'))).toBe(true);
    expect(await verifySignature(SECRET, bytes('\uFEFF{}'), signed('{}'))).toBe(false);
    expect(await verifySignature(SECRET, Uint8Array.of(0xff), signed('\uFFFD'))).toBe(false);
  });
});

function verify(body: string, header: string | undefined): Promise<boolean> {
  return verifySignature(SECRET, bytes(body), header);
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function signed(text: string): string {
  return `sha256=${createHmac('sha256', SECRET).update(text).digest('hex')}`;
}
