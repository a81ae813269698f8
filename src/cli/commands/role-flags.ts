import { type Command, Option } from 'commander';

/** Flags of the commands that start a role, and of `doctor`. Each overrides its environment variable. */
const flags = [
  { flag: '--host <address>', name: 'GANTRY_HOST', help: 'host on which the API listens', commands: ['up', 'server'] },
  { flag: '--port <port>', name: 'GANTRY_PORT', help: 'port on which the API listens', commands: ['up', 'server'] },
  {
    flag: '--public-url <address>',
    name: 'GANTRY_PUBLIC_URL',
    help: 'URL at which GitHub and users reach the server',
    commands: ['up', 'server'],
  },
  { flag: '--workers <number>', name: 'GANTRY_WORKERS', help: 'number of worker processes', commands: ['up'] },
  { flag: '--slots <number>', name: 'GANTRY_SLOTS', help: 'concurrent jobs per worker', commands: ['up', 'worker'] },
  {
    flag: '--redis-url <address>',
    name: 'GANTRY_REDIS_URL',
    help: 'URL or socket path of Redis',
    commands: ['up', 'server', 'worker', 'doctor'],
  },
  {
    flag: '--proxy-http-port <port>',
    name: 'GANTRY_PROXY_HTTP_PORT',
    help: 'HTTP port of deployed apps',
    commands: ['up', 'worker', 'doctor'],
  },
  {
    flag: '--proxy-https-port <port>',
    name: 'GANTRY_PROXY_HTTPS_PORT',
    help: 'HTTPS port of deployed apps',
    commands: ['up', 'worker', 'doctor'],
  },
  {
    flag: '--github-api-url <address>',
    name: 'GANTRY_GITHUB_API_URL',
    help: 'URL of the GitHub API',
    commands: ['up', 'server', 'worker'],
  },
  {
    flag: '--ca-file <file>',
    name: 'GANTRY_CA_FILE',
    help: 'additional certificate authorities for jobs and builds',
    commands: ['up', 'worker', 'doctor'],
  },
  {
    flag: '--log-level <level>',
    name: 'GANTRY_LOG_LEVEL',
    help: 'trace, debug, info, warn, error or silent',
    commands: ['up', 'server', 'worker'],
  },
] as const;

export type RoleCommand = (typeof flags)[number]['commands'][number];

export function withRoleFlags(command: Command, role: RoleCommand): Command {
  for (const { flag, name, help, commands } of flags)
    if ((commands as readonly string[]).includes(role)) command.addOption(new Option(flag, `${help} (${name})`));
  return command;
}

/** The given flags, keyed by their environment variables. */
export function readRoleFlags(command: Command): Record<string, string> {
  const options = command.optsWithGlobals<Record<string, string | undefined>>();
  const given = [
    ['GANTRY_DATA_DIR', options.dataDir],
    ['GANTRY_URL', options.url],
    ['GANTRY_TOKEN', options.token],
    ...flags.map(({ flag, name }) => [name, options[new Option(flag).attributeName()]]),
  ];
  return Object.fromEntries(given.filter((pair): pair is [string, string] => pair[1] !== undefined));
}
