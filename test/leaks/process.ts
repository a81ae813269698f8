import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface Process {
  pid: number;
  words: string;
}

/**
 * The processes that name `mark` in their environment, their arguments or as their working directory, but for the
 * runner itself and its workers. Linux alone; elsewhere there are none.
 */
export function listProcesses(mark: string): Process[] {
  return listPids()
    .filter((pid) => pid !== process.pid && !isRunner(pid) && bears(pid, mark))
    .map((pid) => ({
      pid,
      words: `process ${pid}: ${read(pid, 'cmdline').replaceAll('\0', ' ').trim().slice(0, 200)}`,
    }));
}

/** The pids of Gantry's own processes that do not name `mark`: somebody else's, such as a demo's. */
export function listStrangers(mark: string): number[] {
  return listPids().filter((pid) => /^gantry (up|server|worker)/.test(read(pid, 'cmdline')) && !bears(pid, mark));
}

/** One that is gone already is as well. */
export function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function listPids(): number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc', { encoding: 'utf8' })
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** A child of ours that runs vitest: the pool closes after the teardown. */
function isRunner(pid: number): boolean {
  return /\/vitest\//.test(read(pid, 'cmdline')) && read(pid, 'status').includes(`\nPPid:\t${process.pid}\n`);
}

function bears(pid: number, mark: string): boolean {
  return [read(pid, 'environ'), read(pid, 'cmdline'), readFolder(pid)].some((text) => text.includes(mark));
}

/** A process may end while it is read. */
function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
}

function readFolder(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}
