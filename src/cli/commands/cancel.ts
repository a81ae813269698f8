import type { Command } from 'commander';
import { Run } from '../client/responses.ts';
import { type CommandContext, openSession, type Session } from '../client/session.ts';
import { CliError } from '../terminal/exit.ts';

export function addCancel(program: Command, context: CommandContext): void {
  program
    .command('cancel')
    .argument('<run>', 'its id: run_...')
    .option('--force', 'without grace: its containers are killed at once')
    .description(
      'End a run. Its containers are gone within seconds. Doing it twice, or after the end, changes nothing.',
    )
    .action((id: string, options: { force?: boolean }, command: Command) =>
      cancel(openSession(command, context), id, options.force === true),
    );
}

async function cancel(session: Session, id: string, force: boolean): Promise<void> {
  if (id.startsWith('job_'))
    throw new CliError(
      'usage',
      `${id} is a job, and it is runs that are cancelled`,
      `Its run stands in: gantry jobs show ${id}`,
    );
  const path = `/api/v1/runs/${encodeURIComponent(id)}`;
  const run = await session.client.post(`${path}/cancellation`, { force }, Run);
  session.show(run, () =>
    session.terminal.print(
      run.finished_at
        ? `${id} has ended: ${run.status}`
        : `${id} is being cancelled; watch it with: gantry runs show ${id}`,
    ),
  );
}
