import { existsSync } from 'node:fs';
import type { Config } from '../../config.ts';
import { openChecks, type RedisFacts } from '../../deps.ts';
import { CliError } from '../terminal/exit.ts';
import { redisSocket } from './redis-socket.ts';

/**
 * The configuration with a Redis in it: the one named, else the one that `gantry up` keeps in this data directory. One that does not
 * answer is waited for by the role itself; one that would drop what is on its way is refused.
 */
export async function withRedisUrl(config: Config): Promise<Config> {
  const redis_url = config.redis_url ?? redisSocket(config);
  if (config.redis_url === null && !existsSync(redis_url))
    throw new CliError(
      'usage',
      `no Redis is named, and none is kept in ${config.data_dir}`,
      'Name the one that server and workers share, as in: GANTRY_REDIS_URL=redis://127.0.0.1:6379. Or start everything with: gantry up',
    );
  const checks = await openChecks(config);
  const facts = await checks.askRedis(redis_url).catch(() => null);
  if (facts !== null) requireUsableRedis(redactRedisUrl(redis_url), facts);
  return { ...config, redis_url };
}

/** BullMQ asks for it. */
const LEAST = '6.2';

/** What is wrong with a Redis and what to type about it; null when it serves. */
export function findRedisProblem({ version, policy }: RedisFacts): { problem: string; advice: string } | null {
  if (isOlder(version, LEAST))
    return {
      problem: `it is version ${version}`,
      advice: `Version ${LEAST} or newer is needed: upgrade it, or use another.`,
    };
  if (policy !== 'noeviction')
    return {
      problem: `its maxmemory-policy is ${policy}, so it may drop what is on its way`,
      advice:
        'Type: redis-cli config set maxmemory-policy noeviction && redis-cli config rewrite\nIf others need that policy, give Gantry a Redis of its own.',
    };
  return null;
}

export function requireUsableRedis(where: string, facts: RedisFacts): void {
  const judged = findRedisProblem(facts);
  if (judged !== null)
    throw new CliError('failed', `Redis at ${where} cannot be used: ${judged.problem}`, judged.advice);
}

/** An address without the password that it may hold. */
export function redactRedisUrl(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//***@');
}

function isOlder(version: string, least: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [least_major = 0, least_minor = 0] = least.split('.').map(Number);
  return major < least_major || (major === least_major && minor < least_minor);
}
