import { StringDecoder } from 'node:string_decoder';
import type { Mask } from './mask.ts';

/** Bytes of one line's text: with its stamp it fits into what a reader takes at once. */
const LONGEST = 64 * 1024 - 64;

/** One stream of one step on its way to lines: decoded, masked, split. Lone carriage returns end a line too, as progress bars write them. */
export interface Lines {
  /** The lines that are complete now, without their ends. */
  write(chunk: Uint8Array | string): string[];
  /** What was held back, as a last line. */
  end(): string[];
}

export function createLines(mask: Mask): Lines {
  const decoder = new StringDecoder('utf8');
  let held = '';
  let rest = '';

  return {
    write: (chunk) => take(held + (typeof chunk === 'string' ? chunk : decoder.write(asBuffer(chunk))), false),
    end: () => {
      const lines = take(held + decoder.end(), true);
      if (rest !== '') lines.push(...cut(rest.replace(/\r$/, '')));
      rest = '';
      return lines;
    },
  };

  function take(text: string, final: boolean): string[] {
    const masked = mask.apply(text, final);
    held = masked.held;
    return split(rest + masked.shown);
  }

  function split(text: string): string[] {
    // A carriage return at the end may be half of a line's end.
    const half = text.endsWith('\r');
    const whole = text.includes('\r') ? text.slice(0, half ? -1 : undefined).replace(/\r\n?/g, '\n') : text;
    const lines: string[] = [];
    let start = 0;
    for (let end = whole.indexOf('\n'); end !== -1; end = whole.indexOf('\n', start)) {
      const line = whole.slice(start, end);
      if (line.length * 3 <= LONGEST) lines.push(line);
      else lines.push(...cut(line));
      start = end + 1;
    }
    rest = whole.slice(start) + (half ? '\r' : '');
    if (rest.length > LONGEST) {
      const parts = cut(rest);
      rest = parts.pop() ?? '';
      lines.push(...parts);
    }
    return lines;
  }
}

function asBuffer(chunk: Uint8Array): Buffer {
  return Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

/** Parts of at most the longest length, cut between characters. */
function cut(line: string): string[] {
  const bytes = Buffer.from(line);
  const parts: string[] = [];
  for (let start = 0; start < bytes.length || parts.length === 0; ) {
    let end = Math.min(start + LONGEST, bytes.length);
    while (end < bytes.length && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
    parts.push(bytes.toString('utf8', start, end));
    start = end;
    if (bytes.length === 0) break;
  }
  return parts;
}
