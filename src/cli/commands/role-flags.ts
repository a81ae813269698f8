import { type Command, Option } from 'commander';

/** Flags of the commands that start a role, and of `doctor`. Each overrides its environment variable. */
const flags = [
  { flag: '--host <address>', name: 'GANTRY_HOST', help: 'host on which the API listens', of: ['up', 'server'] },
  { flag: '--port <port>', name: 'GANTRY_PORT', help: 'port on which the API listens', of: ['up', 'server'] },
  {
    flag: '--public-url <address>',
    name: 'GANTRY_PUBLIC_URL',
    help: 'URL at which GitHub and users reach the server',
    of: ['up', 'server'],
  },
  { flag: '--workers <number>', name: 'GANTRY_WORKERS', help: 'number of worker processes', of: ['up'] },
  { flag: '--slots <number>', name: 'GANTRY_SLOTS', help: 'concurrent jobs per worker', of: ['up', 'worker'] },
  {
    flag: '--redis-url <address>',
    name: 'GANTRY_REDIS_URL',
    help: 'the Redis to use',
    of: ['up', 'server', 'worker', 'doctor'],
  },
  {
    flag: '--proxy-http-port <port>',
    name: 'GANTRY_PROXY_HTTP_PORT',
    help: 'HTTP port of deployed apps',
    of: ['up', 'worker', 'doctor'],
  },
  {
    flag: '--proxy-https-port <port>',
    name: 'GANTRY_PROXY_HTTPS_PORT',
    help: 'HTTPS port of deployed apps',
    of: ['up', 'worker', 'doctor'],
  },
  {
    flag: '--github-api-url <address>',
    name: 'GANTRY_GITHUB_API_URL',
    help: 'URL of the GitHub API',
    of: ['up', 'server', 'worker'],
  },
  {
    flag: '--ca-file <file>',
    name: 'GANTRY_CA_FILE',
    help: 'additional certificate authorities for jobs and builds',
    of: ['up', 'worker', 'doctor'],
  },
  {
    flag: '--log-level <level>',
    name: 'GANTRY_LOG_LEVEL',
    help: 'trace, debug, info, warn, error or silent',
    of: ['up', 'server', 'worker'],
  },
] as const;

export type RoleCommand = (typeof flags)[number]['of'][number];

export function withRoleFlags(command: Command, of: RoleCommand): Command {
  for (const { flag, name, help, of: commands } of flags)
    if ((commands as readonly string[]).includes(of)) command.addOption(new Option(flag, `${help} (${name})`));
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
