import type { LogStream } from '../../deps.ts';
import type { Annotation } from '../../jobs/run/annotation.ts';
import { parseWorkflowCommand } from './workflow-command.ts';

/** What a step's output comes to. */
export interface OutputSink {
  write(stream: LogStream, chunk: Uint8Array): void;
  mask(value: string): void;
  annotate(annotation: Annotation): void;
}

/** As many remarks of each level does one step get; what a flood of them says is in the log. */
const ANNOTATIONS = 10;
/** A longer line is no command. */
const LINE_LIMIT = 64 * 1024;
const NEWLINE = 0x0a;
const COLON = 0x3a;

/** Passes a step's output on as it comes; only a line that begins like a command is held until its end. */
export class StepOutput {
  readonly #sink: OutputSink;
  readonly #lines = { stdout: new HeldLine(), stderr: new HeldLine() };
  /** What the step printed to have its lines taken as text, until it prints it again. */
  #stopped: string | null = null;
  readonly #left = { failure: ANNOTATIONS, warning: ANNOTATIONS, notice: ANNOTATIONS };

  constructor(sink: OutputSink) {
    this.#sink = sink;
  }

  write(stream: 'stdout' | 'stderr', chunk: Buffer): void {
    const line = this.#lines[stream];
    let from = 0;
    let passed = 0;
    while (from < chunk.length) {
      const newline = chunk.indexOf(NEWLINE, from);
      const end = newline === -1 ? chunk.length : newline + 1;
      if (line.mayBeCommand(chunk, from)) {
        if (passed < from) this.#sink.write(stream, chunk.subarray(passed, from));
        const held = line.hold(chunk.subarray(from, end), newline !== -1);
        if (held !== null) this.#judge(stream, held);
        passed = end;
      } else line.pass(newline !== -1);
      from = end;
    }
    if (passed < chunk.length) this.#sink.write(stream, chunk.subarray(passed));
  }

  /** What was held back at the end of the step. */
  end(): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      const line = this.#lines[stream].release();
      if (line.length > 0) this.#judge(stream, line);
    }
  }

  #judge(stream: LogStream, line: Buffer): void {
    const text = line.toString('utf8').replace(/\r?\n$/, '');
    if (this.#stopped !== null) {
      if (text === `::${this.#stopped}::`) this.#stopped = null;
      else this.#sink.write(stream, line);
      return;
    }
    const command = parseWorkflowCommand(text);
    if (command === null) this.#sink.write(stream, line);
    else if (command.kind === 'stop') this.#stopped = command.token;
    else if (command.kind === 'mask') this.#sink.mask(command.value);
    else if (command.kind === 'annotation') {
      this.#sink.write(stream, line);
      if (this.#left[command.annotation.level]-- > 0) this.#sink.annotate(command.annotation);
    }
  }
}

/** One stream's line in the making. */
class HeldLine {
  #held: Buffer[] = [];
  #size = 0;
  #atStart = true;

  mayBeCommand(chunk: Buffer, from: number): boolean {
    if (this.#size > 0) return true;
    return this.#atStart && chunk[from] === COLON;
  }

  /** The line when it is whole, or when it can no longer be a command. */
  hold(part: Buffer, isEnd: boolean): Buffer | null {
    this.#held.push(part);
    this.#size += part.length;
    const isNone = this.#size >= 2 && this.#second() !== COLON;
    if (!isEnd && !isNone && this.#size < LINE_LIMIT) return null;
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
