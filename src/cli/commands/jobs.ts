import { type Command, InvalidArgumentError, Option } from 'commander';
import { apiPath } from '../client/client.ts';
import { wholeNumber } from '../client/paging.ts';
import { Job } from '../client/responses.ts';
import { type CommandContext, openSession, type Session } from '../client/session.ts';
import { requireSuccess } from '../client/watch-run.ts';
import { CliError } from '../terminal/exit.ts';
import { printable, printableLine } from '../terminal/printable.ts';
import { printFacts, printTable } from '../terminal/table.ts';
import { statusStyle } from '../terminal/terminal.ts';
import { took } from '../terminal/time.ts';
import { tailJobLog } from './logs.ts';

export function addJobs(program: Command, context: CommandContext): void {
  const jobs = program.command('jobs').description('Run single containers as jobs.');

  jobs
    .command('start')
    .argument('<image>', 'the container image')
    .argument('[command...]', 'a command and its arguments, after `--`; not run in a shell')
    .addOption(new Option('--run <script>', 'a shell script instead of a command'))
    .option('-e, --env <NAME=value>', 'an environment variable; repeatable', collectPair, {})
    .option(
      '-s, --secret <NAME>',
      'a secret; its value is read from the environment variable NAME; repeatable',
      collect,
      [],
    )
    .option('--timeout-minutes <minutes>', 'time limit; default: 360', wholeNumber)
    .option('--cpus <cores>', 'CPU limit in cores', positive)
    .option('--memory-mb <megabytes>', 'memory limit', wholeNumber)
    .option('-w, --wait', 'print its output until it ends; exit with 1 unless it succeeds')
    .description('Start a job.')
    .addHelpText(
      'after',
      '\nExamples:\n  gantry jobs start busybox --run "echo hello" --wait\n  gantry jobs start node:24-bookworm-slim --wait -- node -e "console.log(process.version)"\n  DATABASE_URL=... gantry jobs start acme/backup --secret DATABASE_URL --timeout-minutes 30 -- /backup --all',
    )
    .action((image: string, argv: string[], options: StartOptions, command: Command) =>
      startJob(openSession(command, context), {
        image,
        argv,
        secrets: readSecrets(options.secret, context.env),
        ...options,
      }),
    );

  jobs
    .command('show')
    .argument('<job>', 'job id: job_...')
    .description('Show a job with its steps and outputs.')
    .action((id: string, _options: unknown, command: Command) => showJob(openSession(command, context), id));
}

interface StartOptions {
  run?: string;
  env: Record<string, string>;
  secret: string[];
  timeoutMinutes?: number;
  cpus?: number;
  memoryMb?: number;
  wait?: boolean;
}

async function startJob(
  session: Session,
  {
    image,
    argv,
    run,
    env,
    secrets,
    timeoutMinutes,
    cpus,
    memoryMb,
    wait,
  }: StartOptions & { image: string; argv: string[]; secrets: Record<string, string> },
): Promise<void> {
  if ((run === undefined) === (argv.length === 0))
    throw new CliError(
      'usage',
      'a job needs either a script (--run) or a command (after --)',
      'Example: gantry jobs start busybox --run "echo hello"',
    );
  const { client, terminal, json } = session;
  const started = await client.post(
    apiPath('jobs'),
    {
      image,
      ...(run === undefined ? { command: argv } : { run }),
      env,
      secrets,
      ...(timeoutMinutes !== undefined && { timeout_minutes: timeoutMinutes }),
      ...(cpus !== undefined && { cpus }),
      ...(memoryMb !== undefined && { memory_mb: memoryMb }),
    },
    Job,
  );
  if (wait !== true) {
    session.show(started, () =>
      terminal.print(`Started ${started.id}. To follow its log: gantry logs -f ${started.id}`),
    );
    return;
  }
  terminal.note(`Started ${started.id}; waiting for a worker ...`);
  const print = json ? terminal.note : terminal.print;
  await tailJobLog(session, started.id, ({ text }) => print(printableLine(text, terminal.colours)));
  const ended = await client.get(apiPath('jobs', started.id), Job);
  session.show(ended, () => terminal.note(`${ended.status}${ended.reason ? ` (${printable(ended.reason)})` : ''}`));
  requireSuccess(ended, { skipped_is_success: false });
}

async function showJob(session: Session, id: string): Promise<void> {
  const job = await session.client.get(apiPath('jobs', id), Job);
  const { terminal } = session;
  session.show(job, () => {
    const now = Date.now();
    printFacts(terminal, [
      ['job', job.id],
      ['run', job.run_id],
      ['name', job.name],
      ['kind', job.kind],
      ['status', job.status],
      ['reason', job.reason],
      ['exit code', job.exit_code?.toString()],
      ['attempt', job.attempt?.toString()],
      ['duration', took(job.started_at, job.finished_at, now)],
      ...Object.entries(job.outputs).map(([name, value]): [string, string] => [`output ${name}`, value]),
    ]);
    if (job.steps.length === 0) return;
    terminal.print('');
    printTable(
      terminal,
      ['step', 'name', 'status', 'duration', 'reason'],
      job.steps.map((step) => [
        String(step.number),
        step.name,
        { text: step.status, style: statusStyle(step.status) },
        took(step.started_at, step.finished_at, now),
        step.reason ?? '',
      ]),
    );
  });
}

function readSecrets(names: string[], env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    names.map((name) => {
      const value = env[name];
      if (value === undefined || value === '')
        throw new CliError(
          'usage',
          `--secret ${name}: the environment variable ${name} is not set`,
          `Example: ${name}=... gantry jobs start ... --secret ${name}`,
        );
      return [name, value];
    }),
  );
}

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

function collectPair(pair: string, before: Record<string, string>): Record<string, string> {
  const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(pair) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('It must have the form NAME=value.');
  return { ...before, [name]: value };
}

function positive(text: string): number {
  const number = Number(text);
  if (!(number > 0)) throw new InvalidArgumentError('It must be a number greater than 0.');
  return number;
}
