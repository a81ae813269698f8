import type { RedisFacts } from '../../deps.ts';
import { CliError } from '../exit.ts';

/** BullMQ asks for it. */
const LEAST = '6.2';

/** What is wrong with a Redis and what to type about it; null when it serves. */
export function judgeRedis({ version, policy }: RedisFacts): { problem: string; advice: string } | null {
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

export function expectGoodRedis(where: string, facts: RedisFacts): void {
  const judged = judgeRedis(facts);
  if (judged !== null)
    throw new CliError('failed', `Redis at ${where} cannot be used: ${judged.problem}`, judged.advice);
}

/** An address without the password that it may hold. */
export function redisAddress(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//***@');
}

function isOlder(version: string, least: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [least_major = 0, least_minor = 0] = least.split('.').map(Number);
  return major < least_major || (major === least_major && minor < least_minor);
}
