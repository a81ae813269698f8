import { existsSync } from 'node:fs';
import type { Config } from '../../config.ts';
import { openChecks, type RedisFacts } from '../../deps.ts';
import { CliError } from '../terminal/exit.ts';
import { redisSocket } from './redis-socket.ts';

/**
 * The configuration with `redis_url` set: the configured Redis, else the one that `gantry up` manages in this data directory. Rejects if
 * that Redis is unusable. A Redis that does not answer is accepted: the role waits for it.
 */
export async function withRedisUrl(config: Config): Promise<Config> {
  const redis_url = config.redis_url ?? redisSocket(config);
  if (config.redis_url === null && !existsSync(redis_url))
    throw new CliError(
      'usage',
      `GANTRY_REDIS_URL is not set, and ${config.data_dir} has no Redis managed by Gantry`,
      'Set it to the Redis that server and workers share, for example: GANTRY_REDIS_URL=redis://127.0.0.1:6379. Or start everything with: gantry up',
    );
  const checks = await openChecks(config);
  const facts = await checks.askRedis(redis_url).catch(() => null);
  if (facts !== null) requireUsableRedis(redactRedisUrl(redis_url), facts);
  return { ...config, redis_url };
}

/** Required by BullMQ. */
const MIN_VERSION = '6.2';

/** Why Gantry cannot use this Redis and how to fix it; null when it can. */
export function findRedisProblem({ version, policy }: RedisFacts): { problem: string; advice: string } | null {
  if (isOlder(version, MIN_VERSION))
    return {
      problem: `version ${version} is too old`,
      advice: `Gantry needs Redis ${MIN_VERSION} or newer. Upgrade it or use another one.`,
    };
  if (policy !== 'noeviction')
    return {
      problem: `with maxmemory-policy ${policy} it may delete queue entries`,
      advice:
        'Run: redis-cli config set maxmemory-policy noeviction && redis-cli config rewrite\nIf another application needs that policy, give Gantry its own Redis.',
    };
  return null;
}

export function requireUsableRedis(url: string, facts: RedisFacts): void {
  const unusable = findRedisProblem(facts);
  if (unusable !== null)
    throw new CliError('failed', `cannot use Redis at ${url}: ${unusable.problem}`, unusable.advice);
}

/** The URL without its password. */
export function redactRedisUrl(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//***@');
}

function isOlder(version: string, least: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [least_major = 0, least_minor = 0] = least.split('.').map(Number);
  return major < least_major || (major === least_major && minor < least_minor);
}
