const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** An id is a prefix and a ULID. It sorts by time, and it is valid in BullMQ (not an integer, no colon). */
export type IdPrefix = 'run' | 'job' | 'att' | 'dlv' | 'rel' | 'dep' | 'tok' | 'repo' | 'wrk';

/** `now` is in milliseconds; `random` returns the given number of random bytes. */
export function newId(prefix: IdPrefix, now: number, random: (bytes: number) => Uint8Array): string {
  return `${prefix}_${encodeTime(now)}${encodeRandom(random(16))}`;
}

/** Creates the ids of one process. Each is greater than the one before, even within a millisecond. */
export function openIds(now: () => number, random: (bytes: number) => Uint8Array): (prefix: IdPrefix) => string {
  let last = 0;
  return (prefix) => {
    last = Math.max(now(), last + 1);
    return newId(prefix, last, random);
  };
}

function encodeTime(now: number): string {
  let text = '';
  let rest = now;
  for (let i = 0; i < 10; i++) {
    text = ALPHABET.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

function encodeRandom(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => ALPHABET.charAt(byte & 31)).join('');
}
