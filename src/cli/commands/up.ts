import type { Command } from 'commander';
import { readConfig } from '../../config.ts';
import type { Surroundings } from '../client/session.ts';
import { givenFlags, withFlags } from '../flags.ts';

export function addUp(program: Command, { env, signal }: Surroundings): void {
  withFlags(program.command('up'), 'up')
    .description(
      'Start everything on this machine: the server, its workers, and a Redis unless one is named. Nothing needs to be configured;\nthe first start makes a key and an admin token.',
    )
    .addHelpText('after', HELP)
    .action(async (_options: unknown, command: Command) => {
      const given = givenFlags(command);
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
