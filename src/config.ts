import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { CodedError } from './error.ts';

const ROOT = resolve(import.meta.dirname, '..');
const cores = availableParallelism();

const PORT = 'must be a port from 0 to 65535';
const COUNT = 'must be a whole number of at least 1';
const SLOTS = 'must be a whole number of at least 2, because one slot is reserved for deployments';

const Port = z.coerce.number<string>(PORT).int(PORT).min(0, PORT).max(65535, PORT);
const Count = z.coerce.number<string>(COUNT).int(COUNT).min(1, COUNT);
const Address = z
  .url({ protocol: /^https?$/, error: 'must be a URL with http:// or https://' })
  .transform((url) => url.replace(/\/+$/, ''));

/** `4g`, `512m`, `65536k` or plain bytes. */
const Size = z
  .string()
  .regex(/^\d+[kmg]?b?$/i, 'must be a size such as 512m or 4g')
  .transform(parseSize);

/** `ubuntu-latest=image,other=image`: the images for labels of `runs-on`. */
const RunnerImages = z
  .string()
  .regex(/^[^=,\s]+=[^=,\s]+(,[^=,\s]+=[^=,\s]+)*$/, 'must be label=image pairs, separated by commas')
  .transform((text) => Object.fromEntries(text.split(',').map((pair) => pair.split('=') as [string, string])));

/** All environment variables with their defaults. The variables in `SECRETS` can also be read from a file, named by `..._FILE`. */
const Environment = z.object({
  GANTRY_DATA_DIR: z.string().min(1).default(defaultDataDir()),
  GANTRY_HOST: z.string().min(1).default('127.0.0.1'),
  GANTRY_PORT: Port.default(8080),
  GANTRY_PUBLIC_URL: Address.optional(),
  GANTRY_URL: Address.optional(),
  GANTRY_TOKEN: z.string().min(16, 'must have at least 16 characters').optional(),
  GANTRY_REDIS_URL: z
    .string()
    .regex(/^(rediss?:\/\/|unix:|\/)/, 'must be a URL with redis:// or rediss://, or the path of a Unix socket')
    .optional(),
  GANTRY_WORKERS: Count.default(2),
  GANTRY_SLOTS: z.coerce.number<string>(SLOTS).int(SLOTS).min(2, SLOTS).default(Math.max(2, cores)),
  GANTRY_GITHUB_API_URL: Address.default('https://api.github.com'),
  GANTRY_WEBHOOK_SECRET: z.string().min(1).optional(),
  GANTRY_PROXY_HTTP_PORT: Port.default(80),
  GANTRY_PROXY_HTTPS_PORT: Port.default(443),
  GANTRY_RUNNER_IMAGES: RunnerImages.default({}),
  GANTRY_JOB_CPUS: z.coerce
    .number<string>('must be a number of cores')
    .positive('must be more than 0 cores')
    .default(cores),
  GANTRY_JOB_MEMORY: Size.default(4 * 1024 ** 3),
  GANTRY_JOB_PIDS: Count.default(4096),
  GANTRY_CA_FILE: z
    .string()
    .refine((path) => existsSync(path), 'the file does not exist')
    .optional(),
  GANTRY_WORKER_KEY_FILE: z.string().optional(),
  GANTRY_SHUTDOWN_TIMEOUT: z.coerce
    .number<string>('must be a number of seconds')
    .min(0, 'must be at least 0 seconds')
    .default(30),
  GANTRY_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  DOCKER_HOST: z.string().optional(),
});

const SECRETS = ['GANTRY_TOKEN', 'GANTRY_WEBHOOK_SECRET', 'GANTRY_REDIS_URL'] as const;

/** Frozen. Paths are absolute, sizes in bytes, times in milliseconds. */
export type Config = Readonly<ReturnType<typeof toConfig>>;

/** Lists all problems, each with the name of its variable. */
export class ConfigError extends CodedError<'config'> {
  constructor(message: string, options?: ErrorOptions) {
    super('config', message, options);
  }
}

/** A flag overrides the environment, which overrides the default. `flags` has the names of the variables as keys. */
export function readConfig(env: NodeJS.ProcessEnv, flags: Record<string, string | undefined> = {}): Config {
  const given = { ...env, ...definedOnly(flags) };
  const problems: string[] = [];
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) if (value !== undefined && value !== '') values[name] = value;
  for (const name of SECRETS) {
    const file = values[`${name}_FILE`];
    if (values[name] !== undefined || file === undefined) continue;
    try {
      values[name] = readFileSync(file, 'utf8').trim();
    } catch {
      problems.push(`${name}_FILE: cannot read ${file}`);
    }
  }
  if (values.GANTRY_REDIS_URL === undefined && env.REDIS_URL) values.GANTRY_REDIS_URL = env.REDIS_URL;
  const parsed = Environment.safeParse(values);
  if (!parsed.success)
    problems.push(...parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`));
  if (problems.length > 0 || !parsed.success)
    throw new ConfigError(`Invalid configuration:\n${problems.map((line) => `  ${line}`).join('\n')}`);
  return Object.freeze(toConfig(parsed.data, proxyVariables(env)));
}

function toConfig(env: z.infer<typeof Environment>, proxies: Record<string, string>) {
  const dir = resolve(env.GANTRY_DATA_DIR);
  return {
    data_dir: dir,
    /** Only for the server, mode 0700: key, database, first token. */
    server_dir: join(dir, 'server'),
    /** Logs, blobs and the worker key. */
    shared_dir: join(dir, 'shared'),
    /** Only for workers: mirrors, spools, workspaces of jobs. */
    work_dir: join(dir, 'work'),
    redis_dir: join(dir, 'redis'),
    worker_key_file: env.GANTRY_WORKER_KEY_FILE ?? join(dir, 'shared', 'worker.key'),
    host: env.GANTRY_HOST,
    port: env.GANTRY_PORT,
    /** The address of this server for users and GitHub, also in the links of commit statuses. */
    public_url: env.GANTRY_PUBLIC_URL ?? `http://${env.GANTRY_HOST}:${env.GANTRY_PORT}`,
    /** The address of the API for the command line; null for the server of the data directory. */
    url: env.GANTRY_URL ?? null,
    token: env.GANTRY_TOKEN ?? null,
    redis_url: env.GANTRY_REDIS_URL ?? null,
    workers: env.GANTRY_WORKERS,
    slots: env.GANTRY_SLOTS,
    github_api_url: env.GANTRY_GITHUB_API_URL,
    github_url: siteOf(env.GANTRY_GITHUB_API_URL),
    webhook_secret: env.GANTRY_WEBHOOK_SECRET ?? null,
    proxy_http_port: env.GANTRY_PROXY_HTTP_PORT,
    proxy_https_port: env.GANTRY_PROXY_HTTPS_PORT,
    runner_images: { 'ubuntu-latest': 'gantry/runner', ...env.GANTRY_RUNNER_IMAGES } as Record<string, string>,
    job_limits: { cpus: env.GANTRY_JOB_CPUS, memory: env.GANTRY_JOB_MEMORY, pids: env.GANTRY_JOB_PIDS },
    ca_file: env.GANTRY_CA_FILE === undefined ? null : resolve(env.GANTRY_CA_FILE),
    /** HTTP_PROXY and similar variables, passed to jobs and builds. */
    proxy_env: proxies,
    shutdown_timeout: env.GANTRY_SHUTDOWN_TIMEOUT * 1000,
    log_level: env.GANTRY_LOG_LEVEL,
    docker_host: env.DOCKER_HOST ?? null,
    /** The folder of the shipped workflows and the runner image. */
    pipelines_dir: join(ROOT, 'pipelines'),
  };
}

/** The website of a GitHub API: https://github.com, or the address of an Enterprise Server. */
function siteOf(api: string): string {
  const { protocol, host } = new URL(api);
  return `${protocol}//${host.replace(/^api\./, '')}`;
}

/** `.gantry` in a git checkout, else the folder for a system-wide installation. */
function defaultDataDir(): string {
  return existsSync(join(ROOT, '.git')) ? join(ROOT, '.gantry') : '/var/lib/gantry';
}

function proxyVariables(env: NodeJS.ProcessEnv): Record<string, string> {
  const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'];
  return Object.fromEntries(names.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
}

function parseSize(text: string): number {
  const unit = { k: 1024, m: 1024 ** 2, g: 1024 ** 3 }[text.replace(/b$/i, '').slice(-1).toLowerCase()] ?? 1;
  return Number.parseInt(text, 10) * unit;
}

function definedOnly(flags: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(flags).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
