/** An Aho-Corasick automaton over UTF-16 code units. Scanning a text costs time linear in the text, however many words there are. */
export interface Automaton {
  /** State 0 is the start. */
  step(state: number, unit: number): number;
  /** How long the longest suffix of the scanned text is that counts; 0 when none does. */
  length(state: number): number;
}

const ASCII = 128;

/** What counts: whole words, or beginnings of words that lack at least one more unit. */
export type Counted = 'words' | 'beginnings';

/**
 * The states are the nodes of the words' trie, in breadth-first order: the children of a node are neighbours, sorted by their unit.
 * About 14 bytes per node.
 */
export function buildAutomaton(words: readonly string[], counted: Counted): Automaton {
  const sorted = [...new Set(words)].toSorted(byUnits);
  const count = countNodes(sorted);
  const units = new Uint16Array(count);
  /** The first child of each node. Its children end where those of the next node begin. */
  const children = new Int32Array(count + 1);
  /** The node of the longest proper suffix that is in the trie. */
  const fallback = new Int32Array(count);
  const lengths = new Int32Array(count);
  /** The children of the root by their unit: most of a text is scanned in the root. */
  const starts = new Int32Array(ASCII);
  fill();

  return { step, length: (state) => lengths[state] ?? 0 };

  function fill(): void {
    /** The words below each node. */
    const from = new Int32Array(count);
    const to = new Int32Array(count);
    to[0] = sorted.length;
    let created = 1;
    let depth = 0;
    let lastOfDepth = 0;
    for (let node = 0; node < count; node++) {
      if (node > lastOfDepth) {
        depth++;
        lastOfDepth = created - 1;
      }
      children[node] = created;
      let word = from[node] ?? 0;
      const end = to[node] ?? 0;
      const isWord = sorted[word]?.length === depth;
      if (isWord) word++;
      const isBeginning = word < end;
      while (word < end) {
        const unit = unitAt(word, depth);
        units[created] = unit;
        from[created] = word;
        while (word < end && unitAt(word, depth) === unit) word++;
        to[created] = word;
        fallback[created] = node === 0 ? 0 : step(fallback[node] ?? 0, unit);
        if (node === 0 && unit < ASCII) starts[unit] = created;
        created++;
      }
      const counts = counted === 'words' ? isWord : isBeginning;
      lengths[node] = counts ? depth : (lengths[fallback[node] ?? 0] ?? 0);
    }
    children[count] = count;
  }

  function unitAt(word: number, index: number): number {
    return sorted[word]?.charCodeAt(index) ?? 0;
  }

  function step(state: number, unit: number): number {
    for (let node = state; ; node = fallback[node] ?? 0) {
      const next = child(node, unit);
      if (next !== 0 || node === 0) return next;
    }
  }

  /** 0 when there is none. */
  function child(node: number, unit: number): number {
    if (node === 0 && unit < ASCII) return starts[unit] ?? 0;
    let low = children[node] ?? 0;
    const end = children[node + 1] ?? 0;
    for (let high = end; low < high; ) {
      const middle = (low + high) >>> 1;
      if ((units[middle] ?? 0) < unit) low = middle + 1;
      else high = middle;
    }
    return low < end && units[low] === unit ? low : 0;
  }
}

function byUnits(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** A node for each distinct beginning of the sorted words, and the root. */
function countNodes(sorted: readonly string[]): number {
  let count = 1;
  let previous = '';
  for (const word of sorted) {
    let shared = 0;
    while (shared < previous.length && previous.charCodeAt(shared) === word.charCodeAt(shared)) shared++;
    count += word.length - shared;
    previous = word;
  }
  return count;
}
