import type { Command } from 'commander';
import { apiPath } from '../client/client.ts';
import { Run } from '../client/responses.ts';
import { type CommandContext, openSession, type Session } from '../client/session.ts';
import { CliError } from '../terminal/exit.ts';

export function addCancel(program: Command, context: CommandContext): void {
  program
    .command('cancel')
    .argument('<run>', 'run id: run_...')
    .option('--force', 'kill its containers immediately, and skip clean-up steps and waiting jobs')
    .description(
      'Cancel a run. Its containers are removed within seconds. Cancelling twice, or after the end, has no effect; --force also works on a run that is already being cancelled.',
    )
    .action((id: string, options: { force?: boolean }, command: Command) =>
      cancel(openSession(command, context), id, options.force === true),
    );
}

async function cancel(session: Session, id: string, force: boolean): Promise<void> {
  if (id.startsWith('job_'))
    throw new CliError(
      'usage',
      `${id} is a job; only runs can be cancelled`,
      `To find its run: gantry jobs show ${id}`,
    );
  const run = await session.client.post(apiPath('runs', id, 'cancellation'), { force }, Run);
  session.show(run, () =>
    session.terminal.print(
      run.finished_at
        ? `${id} has ended: ${run.status}`
        : `Cancelling ${id}. To see its status: gantry runs show ${id}`,
    ),
  );
}
