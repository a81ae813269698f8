/** A state of the automaton: it either consumes a character, or leads to other states without consuming one. */
type State = { takes: (character: string) => boolean; next: number } | { next: number[] };

export type Glob = (text: string) => boolean;

const MAX_LENGTH = 1000;

/**
 * Compiles one of GitHub's filter patterns: `*` matches everything but `/`, `**` everything, `?` and `+` repeat the character
 * before them, `[a-z]` is a set, `\` escapes the next character. Returns null for an invalid pattern. Matching takes time
 * proportional to pattern length times text length, for every pattern.
 */
export function compileGlob(pattern: string): Glob | null {
  if (pattern.length > MAX_LENGTH) return null;
  const states: State[] = [];
  for (let at = 0; at < pattern.length; ) {
    const part = partAt(pattern, at);
    if (part === null) return null;
    states.push(...part.states(states.length));
    at = part.end;
  }
  return (text) => matches(states, text);
}

interface Part {
  end: number;
  /** The states of the part, numbered from `first`. */
  states: (first: number) => State[];
}

function partAt(pattern: string, at: number): Part | null {
  if (pattern.startsWith('**/', at) && (at === 0 || pattern[at - 1] === '/')) return { end: at + 3, states: folders };
  if (pattern.startsWith('**', at)) return { end: skip(pattern, at, '*'), states: (first) => many(first, any) };
  if (pattern[at] === '*') return { end: at + 1, states: (first) => many(first, inName) };
  const single = characterAt(pattern, at);
  if (single === null) return null;
  const { takes, end } = single;
  if (pattern[end] === '?')
    return { end: end + 1, states: (first) => [{ next: [first + 1, first + 2] }, { takes, next: first + 2 }] };
  if (pattern[end] === '+')
    return { end: end + 1, states: (first) => [{ takes, next: first + 1 }, { next: [first, first + 2] }] };
  return { end, states: (first) => [{ takes, next: first + 1 }] };
}

function characterAt(pattern: string, at: number): { takes: (character: string) => boolean; end: number } | null {
  if (pattern[at] === '[') return setAt(pattern, at);
  const start = pattern[at] === '\\' && at + 1 < pattern.length ? at + 1 : at;
  const wanted = pattern[start];
  return { takes: (character) => character === wanted, end: start + 1 };
}

function setAt(pattern: string, at: number): { takes: (character: string) => boolean; end: number } | null {
  const close = pattern.indexOf(']', at + 2);
  if (close < 0) return null;
  const ranges: [string, string][] = [];
  for (let i = at + 1; i < close; i++) {
    const from = pattern.charAt(i);
    const isRange = pattern[i + 1] === '-' && i + 2 < close;
    ranges.push([from, isRange ? pattern.charAt(i + 2) : from]);
    if (isRange) i += 2;
  }
  return { takes: (character) => ranges.some(([from, to]) => from <= character && character <= to), end: close + 1 };
}

/** Zero or more whole folders. */
function folders(first: number): State[] {
  return [
    { next: [first + 1, first + 4] },
    { next: [first + 2, first + 3] },
    { takes: any, next: first + 1 },
    { takes: isSlash, next: first + 4 },
  ];
}

function many(first: number, takes: (character: string) => boolean): State[] {
  return [{ next: [first + 1, first + 2] }, { takes, next: first }];
}

function any(): boolean {
  return true;
}

function inName(character: string): boolean {
  return character !== '/';
}

function isSlash(character: string): boolean {
  return character === '/';
}

function skip(pattern: string, at: number, character: string): number {
  let end = at;
  while (pattern[end] === character) end++;
  return end;
}

/** Follows all possible states at the same time, character by character. */
function matches(states: State[], text: string): boolean {
  const marks = new Int32Array(states.length + 1).fill(-1);
  let current = reach(states, [0], marks, 0);
  for (let at = 0; at < text.length && current.length > 0; at++) {
    const character = text.charAt(at);
    const next = current.flatMap((number) => {
      const state = states[number];
      return state !== undefined && 'takes' in state && state.takes(character) ? [state.next] : [];
    });
    current = reach(states, next, marks, at + 1);
  }
  return current.includes(states.length);
}

/** The consuming or final states that `from` leads to without consuming a character. `marks` has the step at which each state was last seen. */
function reach(states: State[], from: number[], marks: Int32Array, step: number): number[] {
  const found: number[] = [];
  const rest = [...from];
  for (let number = rest.pop(); number !== undefined; number = rest.pop()) {
    if (marks[number] === step) continue;
    marks[number] = step;
    const state = states[number];
    if (state === undefined || 'takes' in state) found.push(number);
    else rest.push(...state.next);
  }
  return found;
}
