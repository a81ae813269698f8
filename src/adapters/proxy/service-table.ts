import { stripVTControlCharacters } from 'node:util';
import { ProxyError, type Service } from './proxy.ts';

/** Parses the output of `kamal-proxy list`: a coloured table whose cells are aligned with their titles. `*` means every host. */
export function parseServices(output: string): Service[] {
  const [head = '', ...rows] = stripVTControlCharacters(output).split(/\r?\n/);
  const [name, hosts, target, state] = ['Service', 'Host', 'Target', 'State'].map((title) => column(head, title));
  if (!name || !hosts || !target || !state)
    throw new ProxyError('failed', `Cannot parse the proxy's list of services: ${JSON.stringify(head)}`);
  return rows
    .filter((row) => row.trim() !== '')
    .map((row) => ({
      name: name(row),
      hosts: hosts(row) === '*' ? [] : hosts(row).split(','),
      target: target(row),
      state: state(row),
    }));
}

/** Null when the table has no such title. */
function column(head: string, title: string): ((row: string) => string) | null {
  const match = new RegExp(`(^|\\s)(?<title>${title})(?<gap>\\s+|$)`, 'd').exec(head);
  const start = match?.indices?.groups?.title?.[0];
  const end = match?.indices?.groups?.gap?.[1];
  if (start === undefined) return null;
  return (row) => row.slice(start, end === head.length ? undefined : end).trim();
}
