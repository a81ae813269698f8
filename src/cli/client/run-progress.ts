import { z } from 'zod';
import { CliError } from '../terminal/exit.ts';
import { printable } from '../terminal/printable.ts';
import { statusStyle, type Terminal } from '../terminal/terminal.ts';
import { took } from '../terminal/time.ts';
import type { Client } from './client.ts';
import { streamEvents } from './event-stream.ts';
import { listPage } from './paging.ts';
import { Deployment, describeRun, isOver, Job, Run, type Step, shortRef, shortSha } from './responses.ts';

/** What changed with one rev; of it, the jobs, each whole. */
const Change = z.object({ jobs: z.array(Job).default([]) });

export interface ProgressOptions {
  client: Client;
  terminal: Terminal;
  signal: AbortSignal;
  /** False under `--json`: then the caller prints the run at its end. */
  progress: boolean;
}

/** Shows a run as it moves, from its beginning to its end, and returns what it came to. */
export async function printRunProgress(
  id: string,
  { client, terminal, signal, progress }: ProgressOptions,
): Promise<Run> {
  const path = `/api/v1/runs/${encodeURIComponent(id)}`;
  const first = await client.get(path, Run);
  const seen = new Map<string, string>();
  const say = (line: string) => {
    if (progress) terminal.print(line);
  };
  say(headline(first, terminal));
  const lost = () => terminal.note('The connection is lost; waiting for the server ...');
  for await (const message of streamEvents(client, `${path}/events`, { signal, lost }))
    for (const job of readChange(message.data).jobs) for (const line of news(job, seen, terminal)) say(line);
  const run = await client.get(path, Run);
  for (const job of run.jobs) for (const line of news(job, seen, terminal)) say(line);
  for (const line of ending(run, terminal)) say(line);
  if (progress) for (const url of await findAddresses(client, run)) say(`live at ${terminal.paint('bold', url)}`);
  return run;
}

function readChange(data: string): z.infer<typeof Change> {
  try {
    return Change.parse(JSON.parse(data));
  } catch (error) {
    throw new CliError('failed', 'the server tells of the run in words that this version does not know', null, {
      cause: error,
    });
  }
}

function headline(run: Run, terminal: Terminal): string {
  const from = [shortRef(run.ref), shortSha(run.sha)].filter(Boolean).join(' at ');
  return `${terminal.paint('bold', printable(describeRun(run)))}${from === '' ? '' : `, ${printable(from)}`}  ${terminal.paint('dim', run.id)}`;
}

/** Lines for what of a job was not told yet: its steps as they end, and its own moves. */
function news(job: Job, seen: Map<string, string>, terminal: Terminal): string[] {
  const lines: string[] = [];
  const name = printable(job.name);
  const tell = (key: string, status: string, line: () => string) => {
    if (seen.get(key) === status) return;
    seen.set(key, status);
    lines.push(line());
  };
  const attempt = job.attempt ?? 0;
  const self = `${job.id} ${attempt}`;
  if (job.status === 'running' && attempt > 1) tell(`${self} again`, 'again', () => `  ${name}: attempt ${attempt}`);
  if (!isOver(job.status) && !(attempt > 1 && job.status === 'running'))
    tell(self, job.status, () => `  ${name}: ${paintStatus(job, terminal)}${because(job.reason, terminal)}`);
  for (const step of job.steps)
    if (isOver(step.status) && step.number > 0)
      tell(`${self} ${step.number}`, step.status, () => stepLine(name, step, terminal));
  if (isOver(job.status)) {
    const time = took(job.started_at, job.finished_at, Date.now());
    tell(
      self,
      job.status,
      () =>
        `  ${name}: ${paintStatus(job, terminal)}${time === '' ? '' : ` in ${time}`}${because(job.reason, terminal)}`,
    );
  }
  return lines;
}

function stepLine(job: string, step: Step, terminal: Terminal): string {
  const mark = { succeeded: '✓', skipped: '-' }[step.status] ?? '✗';
  const time = step.status === 'skipped' ? '' : took(step.started_at, step.finished_at, Date.now());
  const painted = terminal.paint(statusStyle(step.status), mark);
  return `  ${terminal.paint('dim', `${job} |`)} ${painted} ${printable(step.name)}  ${terminal.paint('dim', time)}${because(step.reason, terminal)}`.trimEnd();
}

function ending(run: Run, terminal: Terminal): string[] {
  const time = took(run.started_at ?? run.created_at, run.finished_at, Date.now());
  const lines = [`${paintStatus(run, terminal)} in ${time}${because(run.reason, terminal)}`];
  for (const { path, line, column, level, message } of run.annotations)
    lines.push(
      `${terminal.paint(level === 'failure' ? 'red' : 'yellow', printable(`${path}:${line}:${column}`))} ${printable(message)}`,
    );
  for (const job of run.jobs) {
    if (['failed', 'errored', 'timed_out'].includes(job.status)) lines.push(`what it printed: gantry logs ${job.id}`);
  }
  return lines;
}

/** Where that which the run made live is reached. */
async function findAddresses(client: Client, run: Run): Promise<string[]> {
  if (!run.jobs.some(({ kind, status }) => kind === 'deploy' && status === 'succeeded')) return [];
  const page = await listPage(client, '/api/v1/deployments', { status: 'live' }, { limit: 100 }, Deployment);
  return page.items.flatMap(({ run_id, url }) => (run_id === run.id && url ? [printable(url)] : []));
}

function paintStatus({ status }: { status: string }, terminal: Terminal): string {
  return terminal.paint(statusStyle(status), status.replace('_', ' '));
}

function because(reason: string | null | undefined, terminal: Terminal): string {
  return reason ? terminal.paint('dim', ` (${printable(reason)})`) : '';
}

/** Ends the command as the run ended. `skipped` counts as well only where nothing had to be done. */
export function expectSuccess({ status }: { status: string }, options: { skipped_is_well: boolean }): void {
  if (status === 'succeeded' || (options.skipped_is_well && status === 'skipped')) return;
  throw new CliError('failed', '');
}
