import { stripVTControlCharacters } from 'node:util';

// Terminal control sequences: CSI; OSC and similar strings up to their terminator; other escapes; single-byte controls.
const CSI = '(?:\\u001b\\[|\\u009b)[0-?]*[ -/]*[@-~]';
const STRINGS =
  '(?:\\u001b[\\]PX^_]|[\\u0090\\u0098\\u009d-\\u009f])[^\\u0007\\u001b\\u009c]*(?:\\u0007|\\u001b\\\\|\\u009c|$)';
const OTHERS = '\\u001b[ -/]*[0-~]?';
const CONTROLS = '[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f]';
const unsafe = new RegExp(`${STRINGS}|${CSI}|${OTHERS}|${CONTROLS}`, 'g');
const COLOUR = /^[\d;:]*m$/;

/** A log line without cursor movement, titles, links and other control sequences. Keeps colours if `colours` is set. */
export function printableLine(line: string, colours: boolean): string {
  let coloured = false;
  const text = lastOverwrite(line).replace(unsafe, (sequence) => {
    if (!colours || !sequence.startsWith('\u001b[') || !COLOUR.test(sequence.slice(2))) return '';
    coloured = true;
    return sequence;
  });
  return coloured ? `${text}\u001b[0m` : text;
}

/** External text, such as a name or a reason, as part of a line. */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replace(unsafe, '').replace(/\s+/g, ' ').trim();
}

/** The same for text with several lines; keeps line breaks and indentation. */
export function printableText(text: string): string {
  return text
    .split('\n')
    .map((line) => stripVTControlCharacters(line).replace(unsafe, ''))
    .join('\n');
}

/** What remains visible of a line that was overwritten with carriage returns, such as a progress bar. */
function lastOverwrite(line: string): string {
  if (!line.includes('\r')) return line;
  return line.split('\r').findLast((part) => part !== '') ?? '';
}
