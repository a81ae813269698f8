import type { ObjectReader } from '@actions/workflow-parser/templates/object-reader';
import {
  BooleanToken,
  LiteralToken,
  MappingToken,
  NullToken,
  NumberToken,
  SequenceToken,
  StringToken,
} from '@actions/workflow-parser/templates/tokens/index';
import type { TokenRange } from '@actions/workflow-parser/templates/tokens/token-range';
import { isAlias, isMap, isNode, isScalar, isSeq } from 'yaml';
import { placeAt, type YamlSource } from '../yaml/yaml-source.ts';

type Token = LiteralToken | SequenceToken | MappingToken | typeof END;

/** The end of a sequence or mapping. */
const END = Symbol('end');

/** Passes the nodes of a parsed file to GitHub's schema check, in the order of the file. */
export class NodeReader implements ObjectReader {
  readonly #source: YamlSource;
  readonly #file: number;
  readonly #tokens: Token[] = [];
  #next = 0;

  constructor(source: YamlSource, file: number) {
    this.#source = source;
    this.#file = file;
    this.#add(source.document.contents);
  }

  allowLiteral(): LiteralToken | undefined {
    return this.#take((token) => token instanceof LiteralToken);
  }

  allowSequenceStart(): SequenceToken | undefined {
    return this.#take((token) => token instanceof SequenceToken);
  }

  allowMappingStart(): MappingToken | undefined {
    return this.#take((token) => token instanceof MappingToken);
  }

  allowSequenceEnd(): boolean {
    return this.#take((token) => token === END) !== undefined;
  }

  allowMappingEnd(): boolean {
    return this.allowSequenceEnd();
  }

  validateStart(): void {}

  validateEnd(): void {
    if (this.#next < this.#tokens.length) throw new Error('The schema check stopped before the end of the file');
  }

  #take<T extends Token>(matches: (token: Token | undefined) => token is T): T | undefined {
    const token = this.#tokens[this.#next];
    if (!matches(token)) return undefined;
    this.#next++;
    return token;
  }

  /** Recursion is safe: reading the file rejected recursive aliases, and limited their number and the depth. */
  #add(node: unknown): void {
    const value = isAlias(node) ? this.#source.aliases.get(node) : node;
    if (isSeq(value)) {
      this.#tokens.push(new SequenceToken(this.#file, this.#rangeOf(value), undefined));
      for (const item of value.items) this.#add(item);
      this.#tokens.push(END);
    } else if (isMap(value)) {
      this.#tokens.push(new MappingToken(this.#file, this.#rangeOf(value), undefined));
      for (const { key, value: item } of value.items) {
        this.#tokens.push(new StringToken(this.#file, this.#rangeOf(key), String(key), undefined));
        this.#add(item);
      }
      this.#tokens.push(END);
    } else this.#tokens.push(this.#literalOf(value));
  }

  #literalOf(node: unknown): LiteralToken {
    const range = this.#rangeOf(node);
    const value: unknown = isScalar(node) ? node.value : null;
    if (typeof value === 'number') return new NumberToken(this.#file, range, value, undefined);
    if (typeof value === 'boolean') return new BooleanToken(this.#file, range, value, undefined);
    if (typeof value === 'string') return new StringToken(this.#file, range, value, undefined, sourceOf(node));
    return new NullToken(this.#file, range, undefined);
  }

  #rangeOf(node: unknown): TokenRange | undefined {
    if (!isNode(node) || !node.range) return undefined;
    const [start, end] = node.range;
    return { start: placeAt(this.#source, start), end: placeAt(this.#source, end) };
  }
}

/** The text as it is in the file, quoted and indented. GitHub's check computes the columns of expressions from it. */
function sourceOf(node: unknown): string | undefined {
  const token = isScalar(node) ? node.srcToken : undefined;
  return token !== undefined && 'source' in token ? token.source : undefined;
}
