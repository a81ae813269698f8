import type { LogStream } from '../../deps.ts';
import type { Annotation } from '../../jobs/run/annotation.ts';
import { parseWorkflowCommand } from './workflow-command.ts';

/** Where a step's output and its workflow commands go. */
export interface OutputSink {
  write(stream: LogStream, chunk: Uint8Array): void;
  mask(value: string): void;
  annotate(annotation: Annotation): void;
}

/** How many annotations of each level a step can make; the log has all of them. */
const ANNOTATION_LIMIT = 10;
/** A longer line is not a command. */
const LINE_LIMIT = 64 * 1024;
const NEWLINE = 0x0a;
const COLON = 0x3a;

/** Passes a step's output on as it arrives. Only a line that begins like a workflow command is held until its end. */
export class StepOutput {
  readonly #sink: OutputSink;
  readonly #lines = { stdout: new HeldLine(), stderr: new HeldLine() };
  /** The token of `::stop-commands::`: until the step prints it again, commands are text. */
  #stop_token: string | null = null;
  readonly #left = { failure: ANNOTATION_LIMIT, warning: ANNOTATION_LIMIT, notice: ANNOTATION_LIMIT };
  #ended = false;

  constructor(sink: OutputSink) {
    this.#sink = sink;
  }

  /** Ignored after `end`. */
  write(stream: 'stdout' | 'stderr', chunk: Buffer): void {
    if (this.#ended) return;
    const line = this.#lines[stream];
    let from = 0;
    let passed = 0;
    while (from < chunk.length) {
      const newline = chunk.indexOf(NEWLINE, from);
      const end = newline === -1 ? chunk.length : newline + 1;
      if (line.mayBeCommand(chunk, from)) {
        if (passed < from) this.#sink.write(stream, chunk.subarray(passed, from));
        const held = line.hold(chunk.subarray(from, end), newline !== -1);
        if (held !== null) this.#handleLine(stream, held);
        passed = end;
      } else line.pass(newline !== -1);
      from = end;
    }
    if (passed < chunk.length) this.#sink.write(stream, chunk.subarray(passed));
  }

  /** Passes on what is still held. */
  end(): void {
    this.#ended = true;
    for (const stream of ['stdout', 'stderr'] as const) {
      const line = this.#lines[stream].release();
      if (line.length > 0) this.#handleLine(stream, line);
    }
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
    else if (command.kind === 'mask') this.#sink.mask(command.value);
    else if (command.kind === 'annotation') {
      this.#sink.write(stream, line);
      if (this.#left[command.annotation.level]-- > 0) this.#sink.annotate(command.annotation);
    }
  }
}

/** The unfinished line of one stream. */
class HeldLine {
  #held: Buffer[] = [];
  #size = 0;
  #atStart = true;

  mayBeCommand(chunk: Buffer, from: number): boolean {
    if (this.#size > 0) return true;
    return this.#atStart && chunk[from] === COLON;
  }

  /** Returns the line once it is complete, or once it cannot be a command any more. */
  hold(part: Buffer, isEnd: boolean): Buffer | null {
    this.#held.push(part);
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
    const line = Buffer.concat(this.#held);
    this.#held = [];
    this.#size = 0;
    return line;
  }

  #second(): number | undefined {
    return Buffer.concat(this.#held.slice(0, 2)).at(1);
  }
}
