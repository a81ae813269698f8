import type { Command } from 'commander';
import { z } from 'zod';
import { apiPath } from '../client/client.ts';
import { type CommandContext, openSession, type Session } from '../client/session.ts';
import { watchRun } from '../client/watch-run.ts';

/** The created deployment; its own run executes it. */
const Started = z.looseObject({ run_id: z.string() });

export function addRollback(program: Command, context: CommandContext): void {
  program
    .command('rollback')
    .argument('<app>', 'the name of the app in gantry.yml')
    .argument('<environment>', 'the environment, such as production')
    .argument('[release]', 'release id: rel_...; default: the newest kept release that was live before the current one')
    .option('--no-wait', 'do not wait until it ends')
    .description(
      'Deploy an earlier release again: its image, configuration, secrets and routing, without a build. The current release serves until the other one is healthy. Waits until the rollback ends, and exits with 1 unless it succeeds.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  gantry rollback shop production\n  gantry rollback shop production rel_01K...\n  gantry deployments list --app shop    lists the releases',
    )
    .action(
      (app: string, environment: string, release: string | undefined, options: { wait: boolean }, command: Command) =>
        rollback(
          openSession(command, context),
          { app, environment, ...(release !== undefined && { release }) },
          options.wait,
        ),
    );
}

async function rollback(
  session: Session,
  target: { app: string; environment: string; release?: string },
  wait: boolean,
): Promise<void> {
  const { client, terminal } = session;
  const started = await client.post(apiPath('deployments'), target, Started);
  const { run_id } = started;
  if (!wait) {
    session.show(started, () => terminal.print(`Started ${run_id}. To follow its log: gantry logs -f ${run_id}`));
    return;
  }
  await watchRun(session, run_id, { skipped_is_success: false });
}
