import type { Command } from 'commander';
import { apiPath } from '../client/client.ts';
import { listPage, type Paging, withPagingOptions } from '../client/paging.ts';
import { Deployment, shortSha } from '../client/responses.ts';
import { type CommandContext, openSession, type Session } from '../client/session.ts';
import { printFacts, printTable } from '../terminal/table.ts';
import { statusStyle } from '../terminal/terminal.ts';
import { ago, duration } from '../terminal/time.ts';

export function addDeployments(program: Command, context: CommandContext): void {
  const deployments = program.command('deployments').description('List and show deployments.');

  withPagingOptions(deployments.command('list'))
    .description('List the newest deployments.')
    .option('--app <app>', 'only deployments of this app')
    .option('--environment <environment>', 'only deployments to this environment')
    .addHelpText('after', '\nExample:\n  gantry deployments list --app shop --environment production')
    .action((options: Paging & { app?: string; environment?: string }, command: Command) =>
      listDeployments(openSession(command, context), options),
    );

  deployments
    .command('show')
    .argument('<deployment>', 'deployment id: dep_...')
    .description('Show a deployment with its release and the duration of its phases.')
    .action((id: string, _options: unknown, command: Command) => showDeployment(openSession(command, context), id));
}

async function listDeployments(
  session: Session,
  { app, environment, ...paging }: Paging & { app?: string; environment?: string },
): Promise<void> {
  const page = await listPage(session.client, apiPath('deployments'), { app, environment }, paging, Deployment);
  session.show(page, ({ items }) =>
    printTable(
      session.terminal,
      ['deployment', 'app', 'environment', 'commit', 'status', 'when', 'release', 'url'],
      items.map((deployment) => [
        deployment.id,
        deployment.app,
        deployment.environment,
        shortSha(deployment.sha),
        { text: deployment.status, style: statusStyle(deployment.status) },
        ago(deployment.live_at ?? deployment.created_at, Date.now()),
        deployment.release ?? '',
        deployment.url ?? '',
      ]),
    ),
  );
}

async function showDeployment(session: Session, id: string): Promise<void> {
  const deployment = await session.client.get(apiPath('deployments', id), Deployment);
  session.show(deployment, () =>
    printFacts(session.terminal, [
      ['deployment', deployment.id],
      ['app', deployment.app],
      ['environment', deployment.environment],
      ['status', deployment.status],
      ['reason', deployment.reason],
      ['url', deployment.url],
      ['release', deployment.release],
      ['image', deployment.image],
      ['commit', deployment.sha],
      ['run', deployment.run_id],
      ['replaced', deployment.replaced],
      ['created', deployment.created_at],
      ['live', deployment.live_at],
      ['phases', deployment.phases.map(describePhase).join(', ')],
    ]),
  );
}

function describePhase({ name, started_at, finished_at }: Deployment['phases'][number]): string {
  if (finished_at === null || finished_at === undefined) return `${name} since ${started_at}`;
  return `${name} ${duration(Date.parse(finished_at) - Date.parse(started_at))}`;
}
