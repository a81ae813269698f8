import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { readConfig } from '../../config.ts';
import { findServer } from '../client/server-address.ts';
import type { CommandContext } from '../client/session.ts';
import { CliError } from '../terminal/exit.ts';

const TIMEOUT = 5000;

export function addHealthcheck(program: Command, { env }: CommandContext): void {
  program
    .command('healthcheck')
    .description(
      "For the HEALTHCHECK of a container: asks the server's /healthz. In a worker's container, which answers nothing, it is well as long as\nthe worker lives.",
    )
    .action(async (_options: unknown, command: Command) => {
      if (isWorker(mainProcess())) return;
      const { url } = findServer(readConfig(env, { GANTRY_URL: command.optsWithGlobals<{ url?: string }>().url }));
      await askHealth(url);
    });
}

async function askHealth(url: string): Promise<void> {
  const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(TIMEOUT) }).catch((cause: unknown) => {
    throw new CliError('unreachable', `nothing answers at ${url}/healthz`, null, { cause });
  });
  if (!answer.ok) throw new CliError('failed', `${url}/healthz answers ${answer.status}`);
}

/** What the container was started for: its first process, or what an init runs. */
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
