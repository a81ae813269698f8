import { type Command, Option } from 'commander';

/** Flags of the commands that start something; each wins over the variable that it names. */
const flags = [
  { flag: '--host <address>', name: 'GANTRY_HOST', help: 'where the API listens', of: ['up', 'server'] },
  { flag: '--port <port>', name: 'GANTRY_PORT', help: 'its port', of: ['up', 'server'] },
  {
    flag: '--public-url <address>',
    name: 'GANTRY_PUBLIC_URL',
    help: 'where GitHub and people reach it',
    of: ['up', 'server'],
  },
  { flag: '--workers <number>', name: 'GANTRY_WORKERS', help: 'worker processes', of: ['up'] },
  { flag: '--slots <number>', name: 'GANTRY_SLOTS', help: "a worker's jobs at once", of: ['up', 'worker'] },
  {
    flag: '--redis-url <address>',
    name: 'GANTRY_REDIS_URL',
    help: 'a Redis that runs',
    of: ['up', 'server', 'worker', 'doctor'],
  },
  {
    flag: '--proxy-http-port <port>',
    name: 'GANTRY_PROXY_HTTP_PORT',
    help: 'where deployed apps are reached',
    of: ['up', 'worker', 'doctor'],
  },
  {
    flag: '--proxy-https-port <port>',
    name: 'GANTRY_PROXY_HTTPS_PORT',
    help: 'the same with TLS',
    of: ['up', 'worker', 'doctor'],
  },
  {
    flag: '--github-api-url <address>',
    name: 'GANTRY_GITHUB_API_URL',
    help: "GitHub's API",
    of: ['up', 'server', 'worker'],
  },
  {
    flag: '--ca-file <file>',
    name: 'GANTRY_CA_FILE',
    help: 'more certificate authorities, for jobs and builds',
    of: ['up', 'worker', 'doctor'],
  },
  {
    flag: '--log-level <level>',
    name: 'GANTRY_LOG_LEVEL',
    help: 'trace, debug, info, warn, error or silent',
    of: ['up', 'server', 'worker'],
  },
] as const;

export type Flagged = (typeof flags)[number]['of'][number];

export function withRoleFlags(command: Command, of: Flagged): Command {
  for (const { flag, name, help, of: takers } of flags)
    if ((takers as readonly string[]).includes(of)) command.addOption(new Option(flag, `${help} (${name})`));
  return command;
}

/** What was given, under the names that the environment has for it. */
export function readRoleFlags(command: Command): Record<string, string> {
  const options = command.optsWithGlobals<Record<string, string | undefined>>();
  const given = [
    ['GANTRY_DATA_DIR', options.dataDir],
    ['GANTRY_TOKEN', options.token],
    ...flags.map(({ flag, name }) => [name, options[new Option(flag).attributeName()]]),
  ];
  return Object.fromEntries(given.filter((pair): pair is [string, string] => pair[1] !== undefined));
}
