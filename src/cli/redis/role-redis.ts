import { existsSync } from 'node:fs';
import type { Config } from '../../config.ts';
import { openChecks } from '../../deps.ts';
import { CliError } from '../exit.ts';
import { expectGoodRedis, redisAddress } from './redis-check.ts';
import { redisSocket } from './redis-socket.ts';

/**
 * The configuration with a Redis in it: the one named, else the one that `gantry up` keeps in this data directory. One that does not
 * answer is waited for by the role itself; one that would drop what is on its way is refused.
 */
export async function withRedis(config: Config): Promise<Config> {
  const redis_url = config.redis_url ?? redisSocket(config);
  if (config.redis_url === null && !existsSync(redis_url))
    throw new CliError(
      'usage',
      `no Redis is named, and none is kept in ${config.data_dir}`,
      'Name the one that server and workers share, as in: GANTRY_REDIS_URL=redis://127.0.0.1:6379. Or start everything with: gantry up',
    );
  const checks = await openChecks(config);
  const facts = await checks.askRedis(redis_url).catch(() => null);
  if (facts !== null) expectGoodRedis(redisAddress(redis_url), facts);
  return { ...config, redis_url };
}
