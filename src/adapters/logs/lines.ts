import { StringDecoder } from 'node:string_decoder';
import type { Matcher } from '../../masking/matcher.ts';

/** Bytes of a line's text. Together with the time, step and stream a line fits into one read. */
const MAX_LINE = 64 * 1024 - 64;

/** Decodes, masks and splits one stream of one step. A lone carriage return also ends a line: progress bars write them. */
export interface Lines {
  /** Returns the lines that are now complete, without line ends. */
  write(chunk: Uint8Array | string): string[];
  /** Returns the rest as the last line. */
  end(): string[];
}

export function createLines(matcher: Matcher): Lines {
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
    const masked = matcher.mask(text, final);
    held = masked.held;
    return split(rest + masked.shown);
  }

  function split(text: string): string[] {
    // A carriage return at the end may be the first half of a CRLF.
    const half = text.endsWith('\r');
    const whole = text.includes('\r') ? text.slice(0, half ? -1 : undefined).replace(/\r\n?/g, '\n') : text;
    const lines: string[] = [];
    let start = 0;
    for (let end = whole.indexOf('\n'); end !== -1; end = whole.indexOf('\n', start)) {
      const line = whole.slice(start, end);
      if (line.length * 3 <= MAX_LINE) lines.push(line);
      else lines.push(...cut(line));
      start = end + 1;
    }
    rest = whole.slice(start) + (half ? '\r' : '');
    if (rest.length > MAX_LINE) {
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

/** Splits into parts of at most `MAX_LINE` bytes, between characters. */
function cut(line: string): string[] {
  const bytes = Buffer.from(line);
  const parts: string[] = [];
  for (let start = 0; start < bytes.length || parts.length === 0; ) {
    let end = Math.min(start + MAX_LINE, bytes.length);
    while (end < bytes.length && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
    parts.push(bytes.toString('utf8', start, end));
    start = end;
    if (bytes.length === 0) break;
  }
  return parts;
}
