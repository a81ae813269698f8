import { describe, expect, test } from 'vitest';
import { buildAutomaton } from '../../src/masking/automaton.ts';
import { createMatcher, type Masked } from '../../src/masking/matcher.ts';

/** Tries every secret at every place. */
function reference(secrets: readonly string[], text: string, final: boolean): Masked {
  const longest = (at: number) =>
    Math.max(0, ...secrets.filter((secret) => text.startsWith(secret, at)).map(({ length }) => length));
  const begins = (end: string) => secrets.some((secret) => secret.length > end.length && secret.startsWith(end));
  let undecided = final ? text.length : 0;
  while (undecided < text.length && !begins(text.slice(undecided))) undecided++;
  let shown = '';
  let at = 0;
  while (at < undecided) {
    const length = longest(at);
    if (at + length > undecided) break;
    shown += length === 0 ? text.charAt(at) : '***';
    at += length || 1;
  }
  return { shown, held: text.slice(at) };
}

/** Mulberry32. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

function randomText(random: (below: number) => number, alphabet: string, longest: number): string {
  return Array.from({ length: random(longest + 1) }, () => alphabet.charAt(random(alphabet.length))).join('');
}

/** The whole text as it is shown when it arrives in these chunks. */
function maskChunks(matcher: { mask(text: string, final: boolean): Masked }, chunks: readonly string[]): string {
  let shown = '';
  let held = '';
  for (const chunk of [...chunks, null]) {
    const masked = matcher.mask(held + (chunk ?? ''), chunk === null);
    shown += masked.shown;
    held = masked.held;
  }
  return shown;
}

describe('A matcher', () => {
  test.each(['ab', 'abc\n', 'aé€\u{1f680}'])('agrees with the naive search in random texts of %j', (alphabet) => {
    const random = randomOf(alphabet.length);
    for (let round = 0; round < 1500; round++) {
      const secrets: string[] = [];
      const matcher = createMatcher();
      for (let texts = 0; texts < 4; texts++) {
        const more = Array.from({ length: random(5) }, () => randomText(random, alphabet, 7));
        secrets.push(...more.filter((secret) => secret !== ''));
        matcher.add(more);
        const text = randomText(random, alphabet, 30);
        const final = random(4) === 0;
        const expected = secrets.length === 0 ? { shown: text, held: '' } : reference(secrets, text, final);
        expect(matcher.mask(text, final), JSON.stringify({ secrets, text, final })).toEqual(expected);
      }
    }
  });

  test('shows the same wherever a text is split into chunks', () => {
    const random = randomOf(7);
    for (let round = 0; round < 300; round++) {
      const secrets = Array.from({ length: 1 + random(4) }, () => `a${randomText(random, 'ab', 5)}`);
      const text = randomText(random, 'abc', 24);
      const matcher = createMatcher();
      matcher.add(secrets);
      const whole = matcher.mask(text, true).shown;
      expect(maskChunks(matcher, text.split(''))).toBe(whole);
      for (let at = 0; at <= text.length; at++)
        expect(maskChunks(matcher, [text.slice(0, at), text.slice(at)])).toBe(whole);
    }
  });

  test.each([
    ['the longer of two secrets with the same beginning', ['pass', 'password'], 'pass password', '*** ***'],
    ['the first of two secrets that overlap', ['xab', 'abcdef'], 'xabcdef', '***cdef'],
    ['a secret inside a longer text that only begins like a secret', ['bc', 'abcd'], 'abce', 'a***e'],
    ['a secret of several lines', ['one\ntwo\n', 'two'], 'one\ntwo\nthree two', '***three ***'],
  ])('hides %s', (_, secrets, text, shown) => {
    const matcher = createMatcher();
    matcher.add(secrets);
    expect(matcher.mask(text, true)).toEqual({ shown, held: '' });
    expect(maskChunks(matcher, text.split(''))).toBe(shown);
  });

  test('holds back only the longest end that could begin a secret', () => {
    const matcher = createMatcher();
    matcher.add(['hunter2', 'ter']);
    expect(matcher.mask('the hunt', false)).toEqual({ shown: 'the ', held: 'hunt' });
    expect(matcher.mask('the hunx t', false)).toEqual({ shown: 'the hunx ', held: 't' });
    expect(matcher.mask('hunter', false)).toEqual({ shown: '', held: 'hunter' });
    expect(matcher.mask('hunter', true)).toEqual({ shown: 'hun***', held: '' });
  });

  test('builds its automata once for secrets that are added in a row', () => {
    const { matcher, built } = countingMatcher();
    for (let i = 0; i < 5000; i++) matcher.add([`secret-${i}`]);
    expect(built.words).toBe(0);
    for (let i = 0; i < 10; i++) matcher.mask('text', true);
    expect(built).toEqual({ automata: 2, words: 2 * 5000 });
  });

  test('builds each secret only a few times when texts come between them', () => {
    const { matcher, built } = countingMatcher();
    for (let i = 0; i < 4096; i++) {
      matcher.add([`secret-${i}`]);
      expect(matcher.mask(`x secret-${i} x`, true).shown).toMatch(/^x \*\*\*/);
    }
    expect(built.words / 4096 / 2).toBeLessThan(30);
  });

  test('merges its automata into one once much text has been masked', () => {
    const { matcher, built } = countingMatcher();
    for (let i = 0; i < 100; i++) {
      matcher.add(['x'.repeat(400 - i)]);
      matcher.mask('', true);
    }
    matcher.mask('y'.repeat(50_000), true);
    const before = built.words;
    matcher.mask('y', true);
    expect(built.words - before).toBe(2 * 100);
    matcher.mask('y'.repeat(50_000), true);
    matcher.mask('y', true);
    expect(built.words - before).toBe(2 * 100);
  });
});

function countingMatcher() {
  const built = { automata: 0, words: 0 };
  const matcher = createMatcher((words, counted) => {
    built.automata++;
    built.words += words.length;
    return buildAutomaton(words, counted);
  });
  return { matcher, built };
}
