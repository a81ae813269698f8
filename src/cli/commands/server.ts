import type { Command } from 'commander';
import { readConfig } from '../../config.ts';
import type { Surroundings } from '../client/session.ts';
import { givenFlags, withFlags } from '../flags.ts';
import { becomeRole, endRole, tellReady } from '../roles/role.ts';

export function addServer(program: Command, { env, signal }: Surroundings): void {
  withFlags(program.command('server'), 'server')
    .description(
      'Start the server alone: API, webhooks and control. It holds the key and the database, and no Docker socket. It needs a Redis that the\nworkers use too (GANTRY_REDIS_URL), or the one that `gantry up` keeps in the same data directory.',
    )
    .action(async (_options: unknown, command: Command) => {
      becomeRole('server');
      const config = readConfig(env, givenFlags(command));
      const { startServer } = await import('../roles/server.ts');
      await startServer(config, signal, tellReady);
      endRole();
    });
}
