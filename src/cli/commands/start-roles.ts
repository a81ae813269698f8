import type { Command } from 'commander';
import { readConfig } from '../../config.ts';
import type { CommandContext } from '../client/session.ts';
import { becomeRole, exitRole, reportReady } from '../supervision/role-process.ts';
import { readRoleFlags, withRoleFlags } from './role-flags.ts';

export function addUp(program: Command, { env, signal }: CommandContext): void {
  withRoleFlags(program.command('up'), 'up')
    .description(
      'Start everything on this machine: the server, its workers, and a Redis unless one is named. Nothing needs to be configured;\nthe first start makes a key and an admin token.',
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
Flags win over the environment. Each secret may be given as a file: GANTRY_TOKEN_FILE, GANTRY_WEBHOOK_SECRET_FILE.

Examples:
  gantry up
  gantry up --port 9000 --data-dir /srv/gantry --public-url https://ci.example.com
  GANTRY_REDIS_URL=redis://10.0.0.5:6379 gantry up --workers 4

Ctrl-C or SIGTERM lets running jobs end (GANTRY_SHUTDOWN_TIMEOUT, 30 s); a second one does not wait.
Deployed apps and their proxy go on serving in both cases.`;

export function addServer(program: Command, { env, signal }: CommandContext): void {
  withRoleFlags(program.command('server'), 'server')
    .description(
      'Start the server alone: API, webhooks and control. It holds the key and the database, and no Docker socket. It needs a Redis that the\nworkers use too (GANTRY_REDIS_URL), or the one that `gantry up` keeps in the same data directory.',
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
      'Start one worker alone: it takes jobs, plans and reports from Redis and runs them on this Docker Engine. It needs a Redis that the\nserver uses too (GANTRY_REDIS_URL) and the worker key (in the data directory, or GANTRY_WORKER_KEY_FILE). Who holds the Docker socket is root.',
    )
    .action(async (_options: unknown, command: Command) => {
      becomeRole('worker');
      const config = readConfig(env, readRoleFlags(command));
      const { startWorker } = await import('../roles/worker.ts');
      await startWorker(config, signal, () => reportReady(null));
      exitRole();
    });
}
