import { type Automaton, buildAutomaton } from './automaton.ts';

const STARS = '***';

/** Text with its secrets hidden. `held` is the rest, which may be the beginning of a secret: pass it again, before the next chunk. */
export interface Masked {
  shown: string;
  held: string;
}

/** Replaces secrets in texts: of those that begin first, the longest. */
export interface Matcher {
  /** Cheap: automata are built when the next text is masked. */
  add(secrets: readonly string[]): void;
  /** Holds back the longest end of the text that could begin a secret; with `final` nothing. */
  mask(text: string, final: boolean): Masked;
}

/** Some of the secrets. Two automata, since the longest secret at a place is found backwards, and the beginning of one forwards. */
interface Group {
  secrets: readonly string[];
  /** Of all its secrets, in UTF-16 code units. */
  size: number;
  longest: number;
  backward: Automaton;
  forward: Automaton;
}

/**
 * Groups are at least twice as large as the next one, so that secrets which are added one by one between texts cost logarithmically many
 * builds each. They become one group again once as much text has been masked as that costs.
 */
export function createMatcher(build = buildAutomaton): Matcher {
  const known = new Set<string>();
  const groups: Group[] = [];
  let added: string[] = [];
  let total = 0;
  let scanned = 0;

  return {
    add: (secrets) => {
      for (const secret of secrets) {
        if (secret === '' || known.has(secret)) continue;
        known.add(secret);
        added.push(secret);
        total += secret.length;
      }
    },
    mask: (text, final) => {
      regroup();
      if (groups.length === 0) return { shown: text, held: '' };
      scanned += text.length;
      const undecided = final ? 0 : Math.max(...groups.map((group) => undecidedLength(group, text)));
      return replace(text, longestSecrets(groups, text), text.length - undecided);
    },
  };

  function regroup(): void {
    const mergesAll = groups.length > 1 && scanned >= total;
    if (added.length === 0 && !mergesAll) return;
    let size = sizeOf(added);
    let keep = groups.length;
    while (keep > 0 && (groups[keep - 1]?.size ?? 0) < 2 * size) size += groups[--keep]?.size ?? 0;
    const merged = groups.splice(mergesAll ? 0 : keep);
    const secrets = [...merged.flatMap((group) => group.secrets), ...added];
    added = [];
    if (groups.length === 0) scanned = 0;
    groups.push({
      secrets,
      size: sizeOf(secrets),
      longest: secrets.reduce((longest, { length }) => Math.max(longest, length), 0),
      backward: build(secrets.map(reverse), 'words'),
      forward: build(secrets, 'beginnings'),
    });
  }
}

/** For each place in the text the length of the longest secret that begins there, or 0. */
function longestSecrets(groups: readonly Group[], text: string): Int32Array {
  const lengths = new Int32Array(text.length);
  for (const { backward } of groups) {
    let state = 0;
    for (let at = text.length - 1; at >= 0; at--) {
      state = backward.step(state, text.charCodeAt(at));
      if (state === 0) continue;
      const length = backward.length(state);
      if (length > (lengths[at] ?? 0)) lengths[at] = length;
    }
  }
  return lengths;
}

/** How long the longest end of the text is that begins a longer secret. */
function undecidedLength({ forward, longest }: Group, text: string): number {
  let state = 0;
  for (let at = Math.max(0, text.length - longest + 1); at < text.length; at++)
    state = forward.step(state, text.charCodeAt(at));
  return forward.length(state);
}

/** A secret that overlaps the undecided end is held back with it. */
function replace(text: string, lengths: Int32Array, undecided: number): Masked {
  let shown = '';
  let done = 0;
  let at = 0;
  while (at < undecided) {
    const length = lengths[at] ?? 0;
    if (at + length > undecided) break;
    if (length === 0) at++;
    else {
      shown += text.slice(done, at) + STARS;
      at += length;
      done = at;
    }
  }
  return { shown: shown + text.slice(done, at), held: text.slice(at) };
}

function sizeOf(secrets: readonly string[]): number {
  return secrets.reduce((size, { length }) => size + length, 0);
}

function reverse(text: string): string {
  return text.split('').toReversed().join('');
}
