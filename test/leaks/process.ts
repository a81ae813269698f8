import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { hasCode } from '../../src/error.ts';

export interface Process {
  pid: number;
  description: string;
}

/**
 * The processes with `mark` in their environment, arguments or working directory, without the test runner and its
 * workers. Only on Linux; empty elsewhere.
 */
export function listProcesses(mark: string): Process[] {
  return listPids()
    .filter((pid) => pid !== process.pid && !isRunner(pid) && isMarked(pid, mark))
    .map((pid) => ({
      pid,
      description: `process ${pid}: ${read(pid, 'cmdline').replaceAll('\0', ' ').trim().slice(0, 200)}`,
    }));
}

/** The pids of Gantry processes without `mark`, such as those of a demo. */
export function listOtherProcesses(mark: string): number[] {
  return listPids().filter((pid) => /^gantry (up|server|worker)/.test(read(pid, 'cmdline')) && !isMarked(pid, mark));
}

/** Does nothing if the process has already ended. */
export function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error;
  }
}

function listPids(): number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc', { encoding: 'utf8' })
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** A child process that runs vitest: its pool closes after the teardown. */
function isRunner(pid: number): boolean {
  return /\/vitest\//.test(read(pid, 'cmdline')) && read(pid, 'status').includes(`\nPPid:\t${process.pid}\n`);
}

function isMarked(pid: number, mark: string): boolean {
  return [read(pid, 'environ'), read(pid, 'cmdline'), readFolder(pid)].some((text) => text.includes(mark));
}

/** Empty if the process has ended. */
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
