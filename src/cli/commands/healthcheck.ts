import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { readConfig } from '../../config.ts';
import { findServer } from '../client/server-address.ts';
import type { CommandContext } from '../client/session.ts';
import { CliError } from '../terminal/exit.ts';
import { readRoleFlags } from './role-flags.ts';

const TIMEOUT = 5000;

export function addHealthcheck(program: Command, { env }: CommandContext): void {
  program
    .command('healthcheck')
    .description(
      'Check the health of this container, for HEALTHCHECK in a Dockerfile. In a server container, requests /healthz. A worker container has no HTTP server and is healthy as long as the worker runs.',
    )
    .action(async (_options: unknown, command: Command) => {
      if (isWorker(mainProcess())) return;
      const { url } = findServer(readConfig(env, readRoleFlags(command)));
      await askHealth(url);
    });
}

async function askHealth(url: string): Promise<void> {
  const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(TIMEOUT) }).catch((cause: unknown) => {
    throw new CliError('unreachable', `no answer from ${url}/healthz`, null, { cause });
  });
  if (!answer.ok) throw new CliError('failed', `${url}/healthz answered with status ${answer.status}`);
}

/** The command line of the container's first process. An init process has the actual command among its arguments. */
function mainProcess(): string {
  try {
    return readFileSync('/proc/1/cmdline', 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

export function isWorker(command_line: string): boolean {
  return /(^|\s)(\S*\/)?(gantry|main\.ts) worker\b/.test(command_line);
}
