import type { Command } from 'commander';
import { readConfig } from '../../config.ts';
import type { Surroundings } from '../client/session.ts';
import { givenFlags, withFlags } from '../flags.ts';
import { becomeRole, endRole, tellReady } from '../roles/role.ts';

export function addWorker(program: Command, { env, signal }: Surroundings): void {
  withFlags(program.command('worker'), 'worker')
    .description(
      'Start one worker alone: it takes jobs, plans and reports from Redis and runs them on this Docker Engine. It needs a Redis that the\nserver uses too (GANTRY_REDIS_URL) and the worker key (in the data directory, or GANTRY_WORKER_KEY_FILE). Who holds the Docker socket is root.',
    )
    .action(async (_options: unknown, command: Command) => {
      becomeRole('worker');
      const config = readConfig(env, givenFlags(command));
      const { startWorker } = await import('../roles/worker.ts');
      await startWorker(config, signal, () => tellReady(null));
      endRole();
    });
}
