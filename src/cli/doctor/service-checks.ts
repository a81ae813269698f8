import type { Config } from '../../config.ts';
import type { Checks } from '../../deps.ts';
import { findServer } from '../client/server-address.ts';
import { REDIS_PROGRAMS } from '../redis/managed-redis.ts';
import { findRedisProblem, redactRedisUrl } from '../redis/redis-check.ts';
import { redisSocket } from '../redis/redis-socket.ts';
import { isFree, isOurProxyPort, proxyPorts } from '../roles/ports.ts';
import { type Finding, fail, ok, warn } from './finding.ts';
import { outputOf } from './host-checks.ts';

export async function checkRedis(config: Config, checks: Pick<Checks, 'askRedis'>): Promise<Finding> {
  const url = config.redis_url ?? redisSocket(config);
  const facts = await checks.askRedis(url).catch(() => null);
  if (facts !== null) {
    const found = `${facts.version} at ${redactRedisUrl(url)}`;
    const unusable = findRedisProblem(facts);
    return unusable === null ? ok('Redis', found) : fail('Redis', `${found}: ${unusable.problem}`, unusable.advice);
  }
  if (config.redis_url !== null)
    return fail(
      'Redis',
      `no answer from ${redactRedisUrl(url)}`,
      'Start it, correct GANTRY_REDIS_URL, or unset GANTRY_REDIS_URL: then Gantry starts its own Redis.',
    );
  for (const name of REDIS_PROGRAMS) {
    const version = /v=?(\d+[.\d]*)/.exec(outputOf(name, ['--version']) ?? '')?.[1];
    if (version !== undefined) return ok('Redis', `${name} ${version} is on PATH; gantry up starts it`);
  }
  return fail(
    'Redis',
    'GANTRY_REDIS_URL is not set, and neither valkey-server nor redis-server is on PATH',
    'Run: apt-get install redis-server. Or set GANTRY_REDIS_URL.',
  );
}

export async function checkDocker({ docker }: Pick<Checks, 'docker'>): Promise<Finding> {
  const { version, api_version, root_dir } = await docker.version();
  const found = `Engine ${version}, API ${api_version}, ${root_dir}`;
  if (Number.parseInt(version, 10) < 25)
    return warn(
      'Docker',
      `${found}: untrusted images and Dockerfiles may escape to the host through its runc (CVE-2024-21626)`,
      'Upgrade to Docker Engine 25 or newer before you run untrusted code.',
    );
  return ok('Docker', found);
}

export async function checkProxyPorts(config: Config, checks: Pick<Checks, 'docker'>): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { port, variable } of proxyPorts(config)) {
    const part = `proxy ${port}`;
    if (await isOurProxyPort(port, checks)) findings.push(ok(part, 'in use by the Gantry proxy'));
    else if (await isFree(port)) findings.push(ok(part, 'free'));
    else
      findings.push(
        fail(
          part,
          'in use by another program',
          `Stop that program (to find it, run: ss -ltnp 'sport = :${port}'), or set ${variable}.`,
        ),
      );
  }
  return findings;
}

export async function checkServer(config: Config): Promise<Finding> {
  const { url } = findServer(config);
  const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5000) }).catch(() => null);
  if (answer === null) return warn('server', `no answer from ${url}`, 'Start it with: gantry up');
  if (answer.ok) return ok('server', `ready at ${url}`);
  return fail(
    'server',
    `${url}/readyz answered ${answer.status}: ${(await answer.text()).slice(0, 300)}`,
    "See the server's log.",
  );
}
