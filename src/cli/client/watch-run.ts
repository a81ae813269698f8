import { z } from 'zod';
import { CliError } from '../terminal/exit.ts';
import { printable } from '../terminal/printable.ts';
import { statusStyle, type Terminal } from '../terminal/terminal.ts';
import { took } from '../terminal/time.ts';
import { apiPath, type Client } from './client.ts';
import { parseData, streamEvents } from './event-stream.ts';
import { listPage } from './paging.ts';
import { Deployment, describeRun, isOver, Job, Run, type Step, shortRef, shortSha } from './responses.ts';
import type { Session } from './session.ts';

/** The data of a `run` event: the jobs that changed. */
const RunEvent = z.object({ jobs: z.array(Job).default([]) });

/**
 * Prints the progress of a run until it ends, or the ended run as JSON with `--json`. Throws `CliError` `failed` unless it succeeded, or
 * was skipped and `skipped_is_success` is set.
 */
export async function watchRun(session: Session, id: string, options: { skipped_is_success: boolean }): Promise<void> {
  const { client, terminal } = session;
  const path = apiPath('runs', id);
  const printed = new Map<string, string>();
  const print = (lines: string[]) => {
    if (!session.json) for (const line of lines) terminal.print(line);
  };
  print([headline(await client.get(path, Run), terminal)]);
  for await (const { data } of streamEvents(session, `${path}/events`))
    for (const job of parseData(data, RunEvent).jobs) print(progressLines(job, printed, terminal));
  const run = await client.get(path, Run);
  for (const job of run.jobs) print(progressLines(job, printed, terminal));
  print(resultLines(run, terminal));
  session.show(run, () => {});
  if (!session.json)
    for (const url of await findLiveUrls(client, run)) terminal.print(`live at ${terminal.paint('bold', url)}`);
  requireSuccess(run, options);
}

function headline(run: Run, terminal: Terminal): string {
  const from = [shortRef(run.ref), shortSha(run.sha)].filter(Boolean).join(' at ');
  return `${terminal.paint('bold', printable(describeRun(run)))}${from === '' ? '' : `, ${printable(from)}`}  ${terminal.paint('dim', run.id)}`;
}

/** Lines for the changes of a job that were not printed yet: its status and its ended steps. */
function progressLines(job: Job, printed: Map<string, string>, terminal: Terminal): string[] {
  const lines: string[] = [];
  const name = printable(job.name);
  const add = (key: string, status: string, line: () => string) => {
    if (printed.get(key) === status) return;
    printed.set(key, status);
    lines.push(line());
  };
  const attempt = job.attempt ?? 0;
  const self = `${job.id} ${attempt}`;
  if (job.status === 'running' && attempt > 1) add(`${self} again`, 'again', () => `  ${name}: attempt ${attempt}`);
  if (!isOver(job.status) && !(attempt > 1 && job.status === 'running'))
    add(self, job.status, () => `  ${name}: ${paintStatus(job, terminal)}${reasonSuffix(job.reason, terminal)}`);
  for (const step of job.steps)
    if (isOver(step.status) && step.number > 0)
      add(`${self} ${step.number}`, step.status, () => stepLine(name, step, terminal));
  if (isOver(job.status)) {
    const time = took(job.started_at, job.finished_at, Date.now());
    add(
      self,
      job.status,
      () =>
        `  ${name}: ${paintStatus(job, terminal)}${time === '' ? '' : ` in ${time}`}${reasonSuffix(job.reason, terminal)}`,
    );
  }
  return lines;
}

function stepLine(job: string, step: Step, terminal: Terminal): string {
  const mark = { succeeded: '✓', skipped: '-' }[step.status] ?? '✗';
  const time = step.status === 'skipped' ? '' : took(step.started_at, step.finished_at, Date.now());
  const painted = terminal.paint(statusStyle(step.status), mark);
  return `  ${terminal.paint('dim', `${job} |`)} ${painted} ${printable(step.name)}  ${terminal.paint('dim', time)}${reasonSuffix(step.reason, terminal)}`.trimEnd();
}

function resultLines(run: Run, terminal: Terminal): string[] {
  const time = took(run.started_at ?? run.created_at, run.finished_at, Date.now());
  const lines = [`${paintStatus(run, terminal)} in ${time}${reasonSuffix(run.reason, terminal)}`];
  for (const { path, line, column, level, message } of run.annotations)
    lines.push(
      `${terminal.paint(level === 'failure' ? 'red' : 'yellow', printable(`${path}:${line}:${column}`))} ${printable(message)}`,
    );
  for (const job of run.jobs) {
    if (['failed', 'errored', 'timed_out'].includes(job.status)) lines.push(`log: gantry logs ${job.id}`);
  }
  return lines;
}

/** The URLs of the deployments that this run made live. */
async function findLiveUrls(client: Client, run: Run): Promise<string[]> {
  if (!run.jobs.some(({ kind, status }) => kind === 'deploy' && status === 'succeeded')) return [];
  const page = await listPage(client, apiPath('deployments'), { status: 'live' }, { limit: 100 }, Deployment);
  return page.items.flatMap(({ run_id, url }) => (run_id === run.id && url ? [printable(url)] : []));
}

function paintStatus({ status }: { status: string }, terminal: Terminal): string {
  return terminal.paint(statusStyle(status), status.replace('_', ' '));
}

function reasonSuffix(reason: string | null | undefined, terminal: Terminal): string {
  return reason ? terminal.paint('dim', ` (${printable(reason)})`) : '';
}

/** Throws `CliError` `failed` without a message, because the status was already printed. */
export function requireSuccess({ status }: { status: string }, options: { skipped_is_success: boolean }): void {
  if (status === 'succeeded' || (options.skipped_is_success && status === 'skipped')) return;
  throw new CliError('failed', '');
}
