import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { Command } from 'commander';
import { z } from 'zod';
import { apiPath } from '../client/client.ts';
import { parseData, streamEvents } from '../client/event-stream.ts';
import { Job, Run } from '../client/responses.ts';
import { type CommandContext, openSession, type Session } from '../client/session.ts';
import { printable, printableLine } from '../terminal/printable.ts';

/** Step 0 is the job itself. The stream is `stdout`, `stderr`, or `system` for messages from Gantry. */
const LogLine = z.looseObject({ at: z.string(), step: z.int(), stream: z.string(), text: z.string() });
export type LogLine = z.infer<typeof LogLine>;

export function addLogs(program: Command, context: CommandContext): void {
  program
    .command('logs')
    .argument('<job|run>', 'job_... or run_...')
    .option('-f, --follow', 'print new lines until it ends, even across server restarts')
    .description(
      'Print the log of a job, or of all jobs of a run. For several jobs, each line starts with the name of its job.',
    )
    .addHelpText('after', HELP)
    .action((id: string, { follow = false }: { follow?: boolean }, command: Command) => {
      const session = openSession(command, context);
      return follow ? tailLogs(session, id) : printLogs(session, id);
    });
}

const HELP = `
Cursor movements, window titles and similar control sequences are removed; colours too, unless stdout is a terminal.
With --json, one document contains the text of each job. With --json -f, each line is a document with its time, step and stream.

Examples:
  gantry logs job_01K...
  gantry logs -f run_01K...
  gantry logs run_01K... | grep -i error`;

/** Prints the lines so far. */
async function printLogs(session: Session, id: string): Promise<void> {
  const { client, terminal, signal, json } = session;
  const jobs = await findJobs(session, id);
  const items: { job: string; name: string; text: string }[] = [];
  for (const job of jobs) {
    const response = await client.text(apiPath('jobs', job.id, 'logs'), signal);
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
  if (job !== undefined) await tailJob(session, job, false);
}

/** Prints the logs of all jobs concurrently, each as soon as its job starts. */
async function tailRunLogs(session: Session, id: string): Promise<void> {
  const { client, terminal } = session;
  const tails = new Map<string, Promise<void>>();
  const tailStartedJobs = async () => {
    const { jobs } = await client.get(apiPath('runs', id), Run);
    for (const job of jobs) {
      if (!job.started_at || tails.has(job.id)) continue;
      const tail = tailJob(session, job, jobs.length > 1);
      // Promise.all below throws its error. Until then, a rejection without a handler would end the process.
      tail.catch(() => undefined);
      tails.set(job.id, tail);
    }
  };
  await tailStartedJobs();
  for await (const _ of streamEvents(session, apiPath('runs', id, 'events'))) await tailStartedJobs();
  await tailStartedJobs();
  await Promise.all(tails.values());
  const run = await client.get(apiPath('runs', id), Run);
  if (tails.size === 0)
    terminal.note(`No job of ${id} has started: ${run.status}${run.reason ? ` (${printable(run.reason)})` : ''}`);
}

async function tailJob(session: Session, job: Job, named: boolean): Promise<void> {
  const print = printer(session, job, named);
  await tailJobLog(session, job.id, (line) => {
    if (session.json) session.terminal.print(JSON.stringify({ job: job.id, name: job.name, ...line }));
    else print(line.text);
  });
}

/** Passes every line of the job's log to `take` once, for all attempts in order, until the job ends. */
export async function tailJobLog(session: Session, job: string, take: (line: LogLine) => void): Promise<void> {
  for await (const { data } of streamEvents(session, apiPath('jobs', job, 'logs'))) take(parseData(data, LogLine));
}

function printer({ terminal }: Session, job: Job, named: boolean): (text: string) => void {
  const name = named ? `${terminal.paint('dim', `${printable(job.name)} |`)} ` : '';
  return (text) => terminal.print(name + printableLine(text, terminal.colours));
}

async function findJobs({ client }: Session, id: string): Promise<Job[]> {
  if (id.startsWith('run_')) return (await client.get(apiPath('runs', id), Run)).jobs.filter((job) => job.started_at);
  return [await client.get(apiPath('jobs', id), Job)];
}
