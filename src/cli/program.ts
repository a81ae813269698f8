import { Command } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import type { CommandContext } from './client/session.ts';

interface CommandEntry {
  summary: string;
  load(): Promise<(program: Command, context: CommandContext) => void>;
}

/** All commands. The code of a command is loaded only when it is used. */
const commands: Record<string, CommandEntry> = {
  up: {
    summary: 'start the server, workers and Redis',
    load: async () => (await import('./commands/start-roles.ts')).addUp,
  },
  server: {
    summary: 'start only the server',
    load: async () => (await import('./commands/start-roles.ts')).addServer,
  },
  worker: {
    summary: 'start only one worker',
    load: async () => (await import('./commands/start-roles.ts')).addWorker,
  },
  doctor: {
    summary: 'check the installation and print fixes',
    load: async () => (await import('./commands/doctor.ts')).addDoctor,
  },
  healthcheck: {
    summary: 'check the health of this container',
    load: async () => (await import('./commands/healthcheck.ts')).addHealthcheck,
  },
  repos: {
    summary: 'manage registered repositories',
    load: async () => (await import('./commands/repos.ts')).addRepos,
  },
  secrets: {
    summary: 'manage the secrets of a repository',
    load: async () => (await import('./commands/secrets.ts')).addSecrets,
  },
  runs: { summary: 'list, show, watch and start runs', load: async () => (await import('./commands/runs.ts')).addRuns },
  logs: { summary: 'print the log of a job or a run', load: async () => (await import('./commands/logs.ts')).addLogs },
  cancel: { summary: 'cancel a run', load: async () => (await import('./commands/cancel.ts')).addCancel },
  jobs: { summary: 'run single containers as jobs', load: async () => (await import('./commands/jobs.ts')).addJobs },
  deployments: {
    summary: 'list and show deployments',
    load: async () => (await import('./commands/deployments.ts')).addDeployments,
  },
  rollback: {
    summary: 'deploy an earlier release again',
    load: async () => (await import('./commands/rollback.ts')).addRollback,
  },
  deliveries: {
    summary: 'list and show webhook deliveries',
    load: async () => (await import('./commands/deliveries.ts')).addDeliveries,
  },
  token: { summary: 'manage API tokens', load: async () => (await import('./commands/tokens.ts')).addTokens },
};

export async function buildProgram(argv: string[], context: CommandContext): Promise<Command> {
  const program = new Command('gantry')
    .description('CI, deployment and background jobs in one box.')
    .version(manifest.version, '-V, --version', 'print the version')
    .option('--json', 'print one JSON document on stdout')
    .option('--url <address>', 'URL of the server (GANTRY_URL; default: the server of the data directory)')
    .option(
      '--token <token>',
      'API token (GANTRY_TOKEN or GANTRY_TOKEN_FILE; unlike this flag, these are not visible in `ps`)',
    )
    .option('--data-dir <folder>', 'data directory (GANTRY_DATA_DIR)')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(for more information, use --help)')
    .exitOverride()
    .addHelpText('after', HELP);
  for (const [name, entry] of Object.entries(commands)) {
    if (argv.includes(name)) (await entry.load())(program, context);
    else program.command(name).description(entry.summary);
  }
  return program;
}

const HELP = `
Getting started:
  gantry up                        start Gantry without any configuration
  gantry repos add acme/shop       register a repository, to test, build and deploy its pushes
  gantry runs list                 list the runs
  gantry logs -f RUN               follow the log of a run
  gantry rollback shop production  deploy the previous release again

Exit codes: 0 success, 1 failure, 2 usage error, 3 not found, 4 access denied, 5 server unreachable, 130 SIGINT, 143 SIGTERM.`;
