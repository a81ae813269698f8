import type { LogStream } from '../../deps.ts';
import type { Annotation } from '../../jobs/run/annotation.ts';
import { parseWorkflowCommand } from './workflow-command.ts';

/** Where a step's output and its workflow commands go. */
export interface OutputSink {
  write(stream: LogStream, chunk: Uint8Array): void;
  /** Null is a value that is too long. Returns false to refuse it: what follows may contain it and is dropped. */
  mask(value: string | null): boolean;
  annotate(annotation: Annotation): void;
}

/** The annotations of each level that a step can make. The log contains all of them. */
const ANNOTATION_LIMIT = 10;
/** In bytes. A longer line is not a command, and a longer `::add-mask::` is refused. */
const LINE_LIMIT = 64 * 1024;
const NEWLINE = 0x0a;
const COLON = 0x3a;

/**
 * Passes a step's output on as it arrives. Only a line that begins like a workflow command is buffered until its end.
 * Output after a refused mask is dropped.
 */
export class StepOutput {
  readonly #sink: OutputSink;
  readonly #lines = { stdout: new LineBuffer(), stderr: new LineBuffer() };
  /** The token of `::stop-commands::`: until the step prints it again, commands are text. */
  #stop_token: string | null = null;
  readonly #remaining = { failure: ANNOTATION_LIMIT, warning: ANNOTATION_LIMIT, notice: ANNOTATION_LIMIT };
  #ended = false;

  constructor(sink: OutputSink) {
    this.#sink = sink;
  }

  /** Ignored after `end` and after a refused mask. */
  write(stream: 'stdout' | 'stderr', chunk: Buffer): void {
    if (this.#ended) return;
    const line = this.#lines[stream];
    let from = 0;
    let passed = 0;
    while (from < chunk.length && !this.#ended) {
      const newline = chunk.indexOf(NEWLINE, from);
      const end = newline === -1 ? chunk.length : newline + 1;
      if (line.mayBeCommand(chunk, from)) {
        if (passed < from) this.#sink.write(stream, chunk.subarray(passed, from));
        const complete = line.add(chunk.subarray(from, end), newline !== -1);
        if (complete !== null) this.#handleLine(stream, complete);
        passed = end;
      } else line.pass(newline !== -1);
      from = end;
    }
    if (passed < chunk.length && !this.#ended) this.#sink.write(stream, chunk.subarray(passed));
  }

  /** Passes on what is still buffered. */
  end(): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      const line = this.#lines[stream].release();
      if (line.length > 0 && !this.#ended) this.#handleLine(stream, line);
    }
    this.#ended = true;
  }

  #handleLine(stream: LogStream, line: Buffer): void {
    const text = line.toString('utf8').replace(/\r?\n$/, '');
    if (this.#stop_token !== null) {
      if (text === `::${this.#stop_token}::`) this.#stop_token = null;
      else this.#sink.write(stream, line);
      return;
    }
    const command = parseWorkflowCommand(text);
    if (command === null) this.#sink.write(stream, line);
    else if (command.kind === 'stop') this.#stop_token = command.token;
    else if (command.kind === 'mask') {
      const isWhole = line.length < LINE_LIMIT;
      this.#ended = !this.#sink.mask(isWhole ? command.value : null);
    } else if (command.kind === 'annotation') {
      this.#sink.write(stream, line);
      if (this.#remaining[command.annotation.level]-- > 0) this.#sink.annotate(command.annotation);
    }
  }
}

/** The unfinished line of one stream. */
class LineBuffer {
  #parts: Buffer[] = [];
  #size = 0;
  #atStart = true;

  mayBeCommand(chunk: Buffer, from: number): boolean {
    if (this.#size > 0) return true;
    return this.#atStart && chunk[from] === COLON;
  }

  /** Returns the line once it is complete, or once it can no longer be a command. */
  add(part: Buffer, isEnd: boolean): Buffer | null {
    this.#parts.push(part);
    this.#size += part.length;
    const isText = this.#size >= 2 && this.#second() !== COLON;
    if (!isEnd && !isText && this.#size < LINE_LIMIT) return null;
    this.#atStart = isEnd;
    return this.release();
  }

  pass(isEnd: boolean): void {
    this.#atStart = isEnd;
  }

  release(): Buffer {
    const line = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#size = 0;
    return line;
  }

  #second(): number | undefined {
    return Buffer.concat(this.#parts.slice(0, 2)).at(1);
  }
}
