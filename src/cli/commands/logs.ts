import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { Command } from 'commander';
import { z } from 'zod';
import { streamEvents } from '../client/event-stream.ts';
import { Job, Run } from '../client/responses.ts';
import { type CommandContext, openSession, type Session } from '../client/session.ts';
import { printable, printableLine } from '../terminal/printable.ts';

/** `step` 0 is the job itself; of the stream `system` Gantry speaks. */
const LogLine = z.looseObject({ at: z.string(), step: z.int(), stream: z.string(), text: z.string() });
export type LogLine = z.infer<typeof LogLine>;

export function addLogs(program: Command, context: CommandContext): void {
  program
    .command('logs')
    .argument('<job|run>', 'job_... or run_...')
    .option('-f, --follow', 'go on until it has ended; a restart of the server loses and doubles no line')
    .description('What a job printed, or all jobs of a run, each line behind the name of its job.')
    .addHelpText('after', HELP)
    .action((id: string, { follow = false }: { follow?: boolean }, command: Command) => {
      const session = openSession(command, context);
      return follow ? tailLogs(session, id) : printLogs(session, id);
    });
}

const HELP = `
On a terminal colours stay, and cursor moves, titles and the like are left out; elsewhere colours are left out too.
With --json one document holds each job's text; with --json -f each line is a document, with its time, step and stream.

Examples:
  gantry logs job_01K...
  gantry logs -f run_01K...
  gantry logs run_01K... | grep -i error`;

/** What there is by now. */
async function printLogs(session: Session, id: string): Promise<void> {
  const { client, terminal, signal, json } = session;
  const jobs = await findJobs(session, id);
  const items: { job: string; name: string; text: string }[] = [];
  for (const job of jobs) {
    const response = await client.text(`${jobPath(job.id)}/logs`, signal);
    if (json) {
      items.push({ job: job.id, name: job.name, text: await response.text() });
      continue;
    }
    if (response.body === null) continue;
    const print = printer(session, job, jobs.length > 1);
    for await (const text of createInterface({ input: Readable.fromWeb(response.body), crlfDelay: 0 })) print(text);
  }
  if (json) terminal.print(JSON.stringify({ items }, null, 2));
}

async function tailLogs(session: Session, id: string): Promise<void> {
  if (id.startsWith('run_')) return tailRunLogs(session, id);
  const [job] = await findJobs(session, id);
  if (job !== undefined) await tell(session, job, false);
}

/** Each job's log from when the job starts, several at once. */
async function tailRunLogs(session: Session, id: string): Promise<void> {
  const { client, signal, terminal } = session;
  const followed = new Map<string, Promise<void>>();
  const look = async () => {
    const { jobs } = await client.get(runPath(id), Run);
    for (const job of jobs)
      if (job.started_at && !followed.has(job.id)) followed.set(job.id, tell(session, job, jobs.length > 1));
  };
  await look();
  for await (const _ of streamEvents(client, `${runPath(id)}/events`, { signal, lost: () => lost(session) }))
    await look();
  await look();
  await Promise.all(followed.values());
  const run = await client.get(runPath(id), Run);
  if (followed.size === 0)
    terminal.note(`No job of ${id} has started: ${run.status}${run.reason ? ` (${printable(run.reason)})` : ''}`);
}

async function tell(session: Session, job: Job, named: boolean): Promise<void> {
  const print = printer(session, job, named);
  await tailJobLog(session, job.id, (line) => {
    if (session.json) session.terminal.print(JSON.stringify({ job: job.id, name: job.name, ...line }));
    else print(line.text);
  });
}

/** Every line of a job once, attempt after attempt, until the job has ended. */
export async function tailJobLog(session: Session, job: string, take: (line: LogLine) => void): Promise<void> {
  const { client, signal } = session;
  for await (const { data } of streamEvents(client, `${jobPath(job)}/logs`, { signal, lost: () => lost(session) }))
    take(LogLine.parse(JSON.parse(data)));
}

function printer({ terminal }: Session, job: Job, named: boolean): (text: string) => void {
  const name = named ? `${terminal.paint('dim', `${printable(job.name)} |`)} ` : '';
  return (text) => terminal.print(name + printableLine(text, terminal.colours));
}

async function findJobs({ client }: Session, id: string): Promise<Job[]> {
  if (id.startsWith('run_')) return (await client.get(runPath(id), Run)).jobs.filter((job) => job.started_at);
  return [await client.get(jobPath(id), Job)];
}

function lost({ terminal }: Session): void {
  terminal.note('The connection is lost; waiting for the server ...');
}

function runPath(id: string): string {
  return `/api/v1/runs/${encodeURIComponent(id)}`;
}

function jobPath(id: string): string {
  return `/api/v1/jobs/${encodeURIComponent(id)}`;
}
