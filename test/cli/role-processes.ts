import { readdirSync, readFileSync } from 'node:fs';

/** The child processes of a `gantry up` that are roles, with their titles as `ps` shows them. */
export function findRoleProcesses(up: number): { pid: number; title: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && read(name, 'status').includes(`\nPPid:\t${up}\n`))
    .map((name) => ({ pid: Number(name), title: read(name, 'cmdline').replaceAll('\0', ' ').trim() }))
    .filter(({ title }) => title.startsWith('gantry '))
    .toSorted((a, b) => (a.title < b.title ? -1 : 1));
}

function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
