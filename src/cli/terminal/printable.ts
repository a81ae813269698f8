import { stripVTControlCharacters } from 'node:util';

// Control sequences that a terminal acts on: CSI, OSC and its like up to their end, other escapes, single-byte controls.
const CSI = '(?:\\u001b\\[|\\u009b)[0-?]*[ -/]*[@-~]';
const STRINGS =
  '(?:\\u001b[\\]PX^_]|[\\u0090\\u0098\\u009d-\\u009f])[^\\u0007\\u001b\\u009c]*(?:\\u0007|\\u001b\\\\|\\u009c|$)';
const OTHERS = '\\u001b[ -/]*[0-~]?';
const CONTROLS = '[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f]';
const unsafe = new RegExp(`${STRINGS}|${CSI}|${OTHERS}|${CONTROLS}`, 'g');
const COLOUR = /^[\d;:]*m$/;

/** One line of a log, harmless to the terminal that shows it: no cursor moves, titles or links; colours only when asked for. */
export function printableLine(line: string, colours: boolean): string {
  let coloured = false;
  const text = lastOverwrite(line).replace(unsafe, (sequence) => {
    if (!colours || !sequence.startsWith('\u001b[') || !COLOUR.test(sequence.slice(2))) return '';
    coloured = true;
    return sequence;
  });
  return coloured ? `${text}\u001b[0m` : text;
}

/** A name, a reason, a message from elsewhere, as part of a line of ours. */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replace(unsafe, '').replace(/\s+/g, ' ').trim();
}

/** The same for text of several lines, whose breaks and indents stay. */
export function printableText(text: string): string {
  return text
    .split('\n')
    .map((line) => stripVTControlCharacters(line).replace(unsafe, ''))
    .join('\n');
}

/** What a progress bar that returns to the line's start shows in the end. */
function lastOverwrite(line: string): string {
  if (!line.includes('\r')) return line;
  return line.split('\r').findLast((part) => part !== '') ?? '';
}
