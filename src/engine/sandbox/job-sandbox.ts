import { endProcess } from './process-end.ts';
import type { Process, Sandbox } from './sandbox.ts';

/** The sandbox of a job: created when a step first needs one, and again if ending a process required its removal. */
export class JobSandbox {
  #current: Sandbox | null = null;
  #image: string | null = null;

  /** The image of the latest sandbox; null when no step has needed one. */
  get image(): string | null {
    return this.#image;
  }

  async ensure(create: () => Promise<Sandbox>): Promise<Sandbox> {
    this.#current ??= await create();
    this.#image = this.#current.image;
    return this.#current;
  }

  async whilePaused<T>(work: () => Promise<T>): Promise<T> {
    return this.#current === null ? work() : this.#current.whilePaused(work);
  }

  async endProcess(starting: Promise<Process>, stop: { signal: AbortSignal; force: AbortSignal }): Promise<void> {
    if (this.#current !== null && !(await endProcess(this.#current, starting, stop))) this.#current = null;
  }
}
