import type { Command } from 'commander';
import { z } from 'zod';
import { expectSuccess, printRunProgress } from '../client/run-progress.ts';
import { type CommandContext, openSession, type Session } from '../client/session.ts';

/** The deployment, which a run of its own makes. */
const Started = z.looseObject({ run_id: z.string() });

export function addRollback(program: Command, context: CommandContext): void {
  program
    .command('rollback')
    .argument('<app>', "the app's name in gantry.yml")
    .argument('<environment>', 'such as production')
    .argument('[release]', 'rel_...; default: the newest kept release that was live before the one that is live now')
    .option('--no-wait', 'do not follow it to its end')
    .description(
      'Put a release back: image, configuration and routing together, without a build. The one that serves goes on until\nthe other is healthy. Follows to the end and exits 1 unless it succeeds.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  gantry rollback shop production\n  gantry rollback shop production rel_01K...\n  gantry deployments list --app shop    which releases there are',
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
  const { client, terminal, signal, json } = session;
  const started = await client.post('/api/v1/deployments', target, Started);
  const { run_id } = started;
  if (!wait) {
    session.show(started, () => terminal.print(`${run_id} is on its way; watch it with: gantry logs -f ${run_id}`));
    return;
  }
  const run = await printRunProgress(run_id, { client, terminal, signal, progress: !json });
  session.show(run, () => {});
  expectSuccess(run, { skipped_is_well: false });
}
