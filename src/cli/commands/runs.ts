import type { Command } from 'commander';
import { z } from 'zod';
import { apiPath } from '../client/client.ts';
import { listPage, type Paging, withPagingOptions } from '../client/paging.ts';
import { describeRun, Run, shortRef, shortSha } from '../client/responses.ts';
import { type CommandContext, openSession, type Session } from '../client/session.ts';
import { watchRun } from '../client/watch-run.ts';
import { printFacts, printTable } from '../terminal/table.ts';
import { statusStyle } from '../terminal/terminal.ts';
import { ago, took } from '../terminal/time.ts';

export function addRuns(program: Command, context: CommandContext): void {
  const runs = program.command('runs').description('List, show, watch and start runs.');

  withPagingOptions(runs.command('list'))
    .description('List the newest runs.')
    .option('--repo <owner/name>', 'only runs of this repository')
    .option('--branch <branch>', 'only runs of this branch')
    .option('--sha <commit>', 'only runs of this commit')
    .option(
      '--status <status>',
      'only runs with this status: waiting, queued, running, succeeded, failed, errored, timed_out, cancelled, skipped',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  gantry runs list --repo acme/shop --status failed\n  gantry runs list --json | jq -r ".items[0].id"',
    )
    .action((options: RunFilter & Paging, command: Command) => listRuns(openSession(command, context), options));

  runs
    .command('show')
    .argument('<run>', 'run id: run_...')
    .description('Show a run with its jobs, steps and annotations.')
    .action((id: string, _options: unknown, command: Command) => showRun(openSession(command, context), id));

  runs
    .command('watch')
    .argument('<run>', 'run id: run_...')
    .description('Print the progress of a run until it ends. Exits with 1 unless the run succeeds.')
    .action((id: string, _options: unknown, command: Command) =>
      watchRun(openSession(command, context), id, { skipped_is_success: true }),
    );

  runs
    .command('start')
    .argument('<owner/name>', 'a registered repository')
    .description('Run the workflows of a repository without a push.')
    .option('--ref <ref>', 'a branch, a full ref such as refs/tags/v1, or a commit SHA; default: the default branch')
    .option('--workflow <file>', 'only this workflow: its file name, path or name')
    .option('-w, --wait', 'print its progress until it ends; exit with 1 unless it succeeds')
    .addHelpText(
      'after',
      '\nExamples:\n  gantry runs start acme/shop --wait\n  gantry runs start acme/shop --ref refs/tags/v1.4.0 --workflow release.yml',
    )
    .action((repo: string, options: StartOptions, command: Command) =>
      startRun(openSession(command, context), repo, options),
    );
}

interface RunFilter {
  repo?: string;
  branch?: string;
  sha?: string;
  status?: string;
}

async function listRuns(session: Session, { repo, branch, sha, status, ...paging }: RunFilter & Paging): Promise<void> {
  const page = await listPage(session.client, apiPath('runs'), { repo, branch, sha, status }, paging, Run);
  const { terminal } = session;
  session.show(page, ({ items }) =>
    printTable(
      terminal,
      ['run', 'workflow', 'ref', 'commit', 'status', 'duration', 'created'],
      items.map((run) => [
        run.id,
        describeRun(run),
        shortRef(run.ref),
        shortSha(run.sha),
        { text: run.status, style: statusStyle(run.status) },
        took(run.started_at, run.finished_at, Date.now()),
        ago(run.created_at, Date.now()),
      ]),
    ),
  );
}

async function showRun(session: Session, id: string): Promise<void> {
  const run = await session.client.get(apiPath('runs', id), Run);
  session.show(run, () => printRun(session, run));
}

function printRun({ terminal }: Session, run: Run): void {
  const now = Date.now();
  printFacts(terminal, [
    ['run', run.id],
    ['workflow', describeRun(run)],
    ['trigger', run.trigger],
    ['ref', run.ref],
    ['commit', run.sha],
    ['status', run.status],
    ['reason', run.reason],
    ['created', run.created_at],
    ['duration', took(run.started_at, run.finished_at, now)],
  ]);
  if (run.jobs.length > 0) terminal.print('');
  const rows = run.jobs.flatMap((job) => [
    [
      job.id,
      job.name,
      job.kind,
      { text: job.status, style: statusStyle(job.status) },
      took(job.started_at, job.finished_at, now),
      job.reason ?? '',
    ],
    ...job.steps.map((step) => [
      '',
      `  ${step.number} ${step.name}`,
      'step',
      { text: step.status, style: statusStyle(step.status) },
      took(step.started_at, step.finished_at, now),
      step.reason ?? '',
    ]),
  ]);
  if (rows.length > 0) printTable(terminal, ['job', 'name', 'kind', 'status', 'duration', 'reason'], rows);
  for (const { path, line, column, level, message } of run.annotations)
    printFacts(terminal, [[level, `${path}:${line}:${column} ${message}`]]);
}

interface StartOptions {
  ref?: string;
  workflow?: string;
  wait?: boolean;
}

async function startRun(session: Session, repo: string, { ref, workflow, wait }: StartOptions): Promise<void> {
  const { client, terminal } = session;
  const body = { repo, ref: ref ?? (await defaultBranch(session, repo)), ...(workflow !== undefined && { workflow }) };
  const started = await client.post(apiPath('runs'), body, Run);
  if (wait !== true) {
    session.show(started, () =>
      terminal.print(`Started ${started.id}. To follow its log: gantry logs -f ${started.id}`),
    );
    return;
  }
  await watchRun(session, started.id, { skipped_is_success: true });
}

async function defaultBranch({ client }: Session, repo: string): Promise<string> {
  const schema = z.looseObject({ default_branch: z.string() });
  return (await client.get(apiPath('repos', repo), schema)).default_branch;
}
