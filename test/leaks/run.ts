import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Run {
  /** Ends the run. Returns whether another run overlapped it. */
  end(): boolean;
}

/** Each run on this machine has a file in `register`, which is kept for a day after its end. */
export function announceRun(register: string, pid = process.pid): Run {
  mkdirSync(register, { recursive: true, mode: 0o777 });
  const started = Date.now();
  const file = join(register, `${pid}-${started}`);
  writeFileSync(file, 'running');
  return {
    end() {
      writeFileSync(file, 'ended');
      const others = readdirSync(register)
        .map((name) => join(register, name))
        .filter((other) => other !== file);
      return others.filter((other) => overlaps(other, started)).length > 0;
    },
  };
}

function overlaps(file: string, started: number): boolean {
  try {
    const { mtimeMs } = statSync(file);
    if (mtimeMs >= started) return true;
    if (readFileSync(file, 'utf8') === 'running' && isAlive(Number.parseInt(file.slice(file.lastIndexOf('/') + 1), 10)))
      return true;
    if (Date.now() - mtimeMs > 86_400_000) rmSync(file, { force: true });
    return false;
  } catch {
    // Another run has just removed the old file.
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
