import { type Document, LineCounter, parseDocument } from 'yaml';
import { exceededLimit } from './yaml-limits.ts';
import { hasFailed, MAX_PROBLEMS, placeAt, reportPlace, type YamlSource } from './yaml-source.ts';
import { checkValues } from './yaml-values.ts';

/** Parses any text without throwing; `hasFailed` returns whether the file is invalid. All keys are text. */
export function readYaml(path: string, text: string): YamlSource {
  const lines = new LineCounter();
  const limit = exceededLimit(text);
  if (limit !== null) {
    for (let at = 0; at <= limit.offset; at = text.indexOf('\n', at) + 1 || Infinity) lines.addNewLine(at);
    const source = sourceOf(path, text, parseDocument(''), lines);
    reportPlace(source, placeAt(source, limit.offset), limit.message);
    return source;
  }
  // The parser's own check of duplicate keys and its pretty errors take quadratic time.
  const options = {
    lineCounter: lines,
    keepSourceTokens: true,
    stringKeys: true,
    uniqueKeys: false,
    prettyErrors: false,
  } as const;
  const source = sourceOf(path, text, parseDocument(text, options), lines);
  const { errors, warnings } = source.document;
  for (const { pos, message } of [...errors, ...warnings].slice(0, MAX_PROBLEMS))
    reportPlace(source, placeAt(source, pos[0]), message);
  if (!hasFailed(source)) checkValues(source);
  return source;
}

function sourceOf(path: string, text: string, document: Document, lines: LineCounter): YamlSource {
  return { path, text, document, lines, aliases: new Map(), problems: [] };
}
