import { CST, Lexer, Parser } from 'yaml';

/** A file at these limits is parsed in about 250 ms. The largest workflows in use reach a third of them. */
const CHARACTERS = 512 * 1024;
const LINES = 10_000;
const LEXEMES = 100_000;
const DEPTH = 100;

/** Lexemes that the lexer adds and that are not in the text. */
const MARKS = new Set<string>([CST.DOCUMENT, CST.FLOW_END, CST.SCALAR]);

/** The limit that the text exceeds, with the offset where it does; null if it exceeds no limit. */
export function exceededLimit(text: string): { message: string; offset: number } | null {
  if (text.length > CHARACTERS) return { message: 'The file is larger than 512 KiB', offset: 0 };
  let offset = 0;
  for (let line = 1; line <= LINES; line++) {
    offset = text.indexOf('\n', offset) + 1;
    if (offset === 0) return scan(text);
  }
  return { message: 'The file has more than 10,000 lines', offset };
}

/** Uses the lexer, which runs in linear time. The parser recurses, and takes quadratic time on errors. */
function scan(text: string): { message: string; offset: number } | null {
  const lexemes: string[] = [];
  let offset = 0;
  for (const lexeme of new Lexer().lex(text)) {
    if (lexemes.push(lexeme) > LEXEMES) return { message: 'The file has too many values', offset };
    if (!MARKS.has(lexeme)) offset += lexeme.length;
  }
  const parser = new Parser();
  for (const lexeme of lexemes) {
    for (const _ of parser.next(lexeme));
    if (parser.stack.length > DEPTH) return { message: 'The file is nested too deeply', offset: parser.offset };
  }
  return null;
}
