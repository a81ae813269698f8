import { Command } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import type { CommandContext } from './client/session.ts';

interface Noun {
  summary: string;
  load(): Promise<(program: Command, context: CommandContext) => void>;
}

/** Every command; the code of one is loaded only when it is asked for. */
const nouns: Record<string, Noun> = {
  up: {
    summary: 'start everything on this machine: server, workers, Redis',
    load: async () => (await import('./commands/start-roles.ts')).addUp,
  },
  server: {
    summary: 'start the server alone',
    load: async () => (await import('./commands/start-roles.ts')).addServer,
  },
  worker: {
    summary: 'start one worker alone',
    load: async () => (await import('./commands/start-roles.ts')).addWorker,
  },
  doctor: {
    summary: 'check each part and say what to do',
    load: async () => (await import('./commands/doctor.ts')).addDoctor,
  },
  healthcheck: {
    summary: 'exit 0 when this container does its work',
    load: async () => (await import('./commands/healthcheck.ts')).addHealthcheck,
  },
  repos: {
    summary: 'the repositories whose pushes are run',
    load: async () => (await import('./commands/repos.ts')).addRepos,
  },
  secrets: {
    summary: "a repository's secrets, by name",
    load: async () => (await import('./commands/secrets.ts')).addSecrets,
  },
  runs: { summary: 'list, show, watch and start runs', load: async () => (await import('./commands/runs.ts')).addRuns },
  logs: { summary: 'what a job or a run printed', load: async () => (await import('./commands/logs.ts')).addLogs },
  cancel: { summary: 'end a run', load: async () => (await import('./commands/cancel.ts')).addCancel },
  jobs: { summary: 'run one container as a job', load: async () => (await import('./commands/jobs.ts')).addJobs },
  deployments: {
    summary: 'what was made live, where and when',
    load: async () => (await import('./commands/deployments.ts')).addDeployments,
  },
  rollback: {
    summary: 'put a release back that was live before',
    load: async () => (await import('./commands/rollback.ts')).addRollback,
  },
  deliveries: {
    summary: 'webhooks that came in and what became of them',
    load: async () => (await import('./commands/deliveries.ts')).addDeliveries,
  },
  token: { summary: 'tokens for the API', load: async () => (await import('./commands/tokens.ts')).addTokens },
};

export async function buildProgram(argv: string[], context: CommandContext): Promise<Command> {
  const program = new Command('gantry')
    .description('CI, deployment and background jobs in one box.')
    .version(manifest.version, '-V, --version', 'print the version')
    .option('--json', 'print one JSON document on stdout')
    .option('--url <address>', 'the server (GANTRY_URL; default: the one of this data directory)')
    .option('--token <token>', 'its token (GANTRY_TOKEN or GANTRY_TOKEN_FILE, which do not show in `ps`)')
    .option('--data-dir <folder>', 'where Gantry keeps its data (GANTRY_DATA_DIR)')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(--help tells more)')
    .exitOverride()
    .addHelpText('after', HELP);
  for (const [name, noun] of Object.entries(nouns)) {
    if (argv.includes(name)) (await noun.load())(program, context);
    else program.command(name).description(noun.summary);
  }
  return program;
}

const HELP = `
Start here:
  gantry up                       start it, with no configuration at all
  gantry repos add acme/shop      have its pushes tested, built and deployed
  gantry runs list                what ran
  gantry logs -f RUN              watch it
  gantry rollback shop production put the release before back

Exit codes: 0 well, 1 failed, 2 usage, 3 not found, 4 not allowed, 5 not reachable, 130 and 143 stopped by a signal.`;
