import { CST, Lexer, Parser } from 'yaml';

/** Measured: a file at these limits is read in a quarter of a second; the largest ones in use come to a third of them. */
const CHARACTERS = 512 * 1024;
const LINES = 10_000;
const LEXEMES = 100_000;
const DEPTH = 100;

/** What the lexer puts in and the text does not have. */
const MARKS = new Set<string>([CST.DOCUMENT, CST.FLOW_END, CST.SCALAR]);

/** Why a file is not worth reading, and the offset where that shows; null when it is. */
export function limitOf(text: string): { message: string; offset: number } | null {
  if (text.length > CHARACTERS) return { message: 'The file is larger than 512 KiB', offset: 0 };
  let offset = 0;
  for (let line = 1; line <= LINES; line++) {
    offset = text.indexOf('\n', offset) + 1;
    if (offset === 0) return scan(text);
  }
  return { message: 'The file has more than 10,000 lines', offset };
}

/** The reader of YAML recurses, and takes its time over errors; its lexer does neither. */
function scan(text: string): { message: string; offset: number } | null {
  const lexemes: string[] = [];
  let offset = 0;
  for (const lexeme of new Lexer().lex(text)) {
    if (lexemes.push(lexeme) > LEXEMES) return { message: 'The file holds too many values', offset };
    if (!MARKS.has(lexeme)) offset += lexeme.length;
  }
  const parser = new Parser();
  for (const lexeme of lexemes) {
    for (const _ of parser.next(lexeme));
    if (parser.stack.length > DEPTH) return { message: 'The file is nested too deeply', offset: parser.offset };
  }
  return null;
}
