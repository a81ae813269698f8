import { secretForms } from './secret-forms.ts';

const STARS = '***';

/** Text with its secrets hidden. `held` is the rest, which may be the beginning of a secret: pass it again, before the next chunk. */
export interface Masked {
  shown: string;
  held: string;
}

/** Hides secrets in all streams of one log. */
export interface Mask {
  add(values: readonly string[]): void;
  /** With `final` no text is held back. */
  apply(text: string, final: boolean): Masked;
}

export function createMask(): Mask {
  const forms = new Set<string>();
  let pattern: RegExp | null = null;
  /** The forms by their first character. */
  let byFirst = new Map<number, string[]>();
  let longest = 0;

  return {
    add: (values) => {
      for (const value of values) for (const form of secretForms(value)) forms.add(form);
      if (forms.size === 0) return;
      const ordered = [...forms].toSorted((a, b) => b.length - a.length);
      pattern = new RegExp(ordered.map(escaped).join('|'), 'g');
      byFirst = Map.groupBy(ordered, (form) => form.charCodeAt(0));
      longest = ordered[0]?.length ?? 0;
    },
    apply: (text, final) => {
      if (pattern === null) return { shown: text, held: '' };
      return hide(text, pattern, final ? text.length : undecidedFrom(text));
    },
  };

  /** Where the longest suffix of `text` that is the beginning of a secret starts. */
  function undecidedFrom(text: string): number {
    for (let start = Math.max(0, text.length - longest + 1); start < text.length; start++) {
      const candidates = byFirst.get(text.charCodeAt(start));
      const length = text.length - start;
      if (candidates?.some((form) => form.length > length && text.endsWith(form.slice(0, length)))) return start;
    }
    return text.length;
  }
}

/** A secret that overlaps the undecided end is held back with it. */
function hide(text: string, pattern: RegExp, undecided: number): Masked {
  let shown = '';
  let done = 0;
  let cut = undecided;
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    if (match.index >= cut) break;
    if (pattern.lastIndex > cut) {
      cut = match.index;
      break;
    }
    shown += text.slice(done, match.index) + STARS;
    done = pattern.lastIndex;
  }
  return { shown: shown + text.slice(done, cut), held: text.slice(cut) };
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
