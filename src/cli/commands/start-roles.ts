import type { Command } from 'commander';
import { readConfig } from '../../config.ts';
import type { CommandContext } from '../client/session.ts';
import { becomeRole, exitRole, reportReady } from '../supervision/role-process.ts';
import { readRoleFlags, withRoleFlags } from './role-flags.ts';

export function addUp(program: Command, { env, signal }: CommandContext): void {
  withRoleFlags(program.command('up'), 'up')
    .description(
      'Start the server, its workers and, unless GANTRY_REDIS_URL is set, a Redis. No configuration is needed; the first start creates a key and an admin token.',
    )
    .addHelpText('after', HELP)
    .action(async (_options: unknown, command: Command) => {
      const given = readRoleFlags(command);
      const config = readConfig(env, given);
      const { up } = await import('../roles/up.ts');
      await up({
        config,
        env: { ...env, ...given },
        signal,
        json: command.optsWithGlobals<{ json?: boolean }>().json === true,
      });
    });
}

const HELP = `
Flags override environment variables. Secrets can also be read from files: GANTRY_TOKEN_FILE, GANTRY_WEBHOOK_SECRET_FILE, GANTRY_REDIS_URL_FILE.

Examples:
  gantry up
  gantry up --port 9000 --data-dir /srv/gantry --public-url https://ci.example.com
  GANTRY_REDIS_URL=redis://10.0.0.5:6379 gantry up --workers 4

Ctrl-C or SIGTERM waits for running jobs (GANTRY_SHUTDOWN_TIMEOUT, default 30 s). A second signal stops immediately.
In both cases, deployed apps and their proxy keep running.`;

export function addServer(program: Command, { env, signal }: CommandContext): void {
  withRoleFlags(program.command('server'), 'server')
    .description(
      'Start only the server: API, webhooks and control. It has the key and the database, but no Docker socket. It needs the Redis that the workers use: GANTRY_REDIS_URL, or the one that `gantry up` manages in the same data directory.',
    )
    .action(async (_options: unknown, command: Command) => {
      becomeRole('server');
      const config = readConfig(env, readRoleFlags(command));
      const { startServer } = await import('../roles/server.ts');
      await startServer(config, signal, reportReady);
      exitRole();
    });
}

export function addWorker(program: Command, { env, signal }: CommandContext): void {
  withRoleFlags(program.command('worker'), 'worker')
    .description(
      'Start only one worker. It runs jobs on this Docker Engine, plans runs and reports to GitHub. It needs the Redis that the server uses (GANTRY_REDIS_URL) and the worker key (from the data directory, or GANTRY_WORKER_KEY_FILE). Access to the Docker socket is equivalent to root.',
    )
    .action(async (_options: unknown, command: Command) => {
      becomeRole('worker');
      const config = readConfig(env, readRoleFlags(command));
      const { startWorker } = await import('../roles/worker.ts');
      await startWorker(config, signal, () => reportReady(null));
      exitRole();
    });
}
