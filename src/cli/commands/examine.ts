import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Config } from '../../config.ts';
import { type Checks, openChecks } from '../../deps.ts';
import { messageOf } from '../../error.ts';
import { findServer } from '../client/server-address.ts';
import { judgeRedis, redisAddress } from '../redis/redis-check.ts';
import { redisSocket } from '../redis/redis-socket.ts';
import { layout } from '../roles/data-dir.ts';
import { isFree, isOurs, proxyPorts } from '../roles/ports.ts';
import type { Finding } from './doctor.ts';

/** Looks at each part in turn; a part that cannot be looked at is a failed one, never the end of the examination. */
export async function examine(config: Config): Promise<Finding[]> {
  const checks = await openChecks(config).catch((error: unknown) => String(error));
  const parts: [string, () => Finding | Finding[] | Promise<Finding | Finding[]>][] = [
    ['Node', node],
    ['data directory', () => dataDir(config)],
    ['key', () => key(config)],
    ['Redis', () => redis(config, usable(checks))],
    ['Docker', () => docker(usable(checks))],
    ['git', git],
    ['proxy', () => ports(config, usable(checks))],
    ['disk', () => disk(config)],
    ['CA file', () => caFile(config)],
    ['server', () => server(config)],
  ];
  const findings: Finding[] = [];
  for (const [part, look] of parts) {
    try {
      findings.push(...[await look()].flat());
    } catch (error) {
      findings.push(fail(part, messageOf(error), null));
    }
  }
  return findings;
}

function usable(checks: Checks | string): Checks {
  if (typeof checks === 'string') throw new Error(checks);
  return checks;
}

function node(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const version = `v${process.versions.node} at ${process.execPath}`;
  if (major > 24 || (major === 24 && minor >= 12)) return ok('Node', version);
  return fail('Node', version, 'Node 24.12 or newer is needed: bin/setup installs it in a folder of its own.');
}

function dataDir(config: Config): Finding {
  const part = 'data directory';
  if (!existsSync(config.data_dir)) {
    const parent = existing(config.data_dir);
    if (isWritable(parent)) return ok(part, `${config.data_dir}: made on the first start`);
    return fail(
      part,
      `${config.data_dir} cannot be made in ${parent}`,
      `As root: mkdir -p ${config.data_dir} && chown $(id -un) ${config.data_dir}. Or set GANTRY_DATA_DIR.`,
    );
  }
  if (!isWritable(config.data_dir))
    return fail(
      part,
      `${config.data_dir} is not writable by this user`,
      'Run Gantry as its owner, or set GANTRY_DATA_DIR.',
    );
  const open = layout(config).filter(
    ({ path, mode }) => existsSync(path) && (statSync(path).mode & 0o777 & ~mode) !== 0,
  );
  if (open.length === 0) return ok(part, config.data_dir);
  return warn(
    part,
    `${config.data_dir} is more open than it should be`,
    open.map(({ path, mode }) => `chmod ${mode.toString(8)} ${path}`).join('\n'),
  );
}

function key(config: Config): Finding {
  const path = join(config.server_dir, 'key');
  if (!existsSync(path)) {
    if (existsSync(join(config.server_dir, 'gantry.sqlite')))
      return fail(
        'key',
        `${path} is missing, and the database beside it was sealed with it`,
        'Put the key back from your backup.',
      );
    if (existsSync(config.worker_key_file)) return ok('key', `a worker's alone, ${config.worker_key_file}`);
    return ok('key', 'made on the first start');
  }
  const mode = statSync(path).mode & 0o777;
  if ((mode & 0o077) !== 0)
    return fail('key', `${path} has mode ${mode.toString(8)}: others can read it`, `chmod 600 ${path}`);
  if (!existsSync(config.worker_key_file))
    return warn('key', `${config.worker_key_file} is missing`, 'The server writes it when it starts: gantry up');
  return ok('key', `${path}, and for workers ${config.worker_key_file}`);
}

async function redis(config: Config, checks: Checks): Promise<Finding> {
  const url = config.redis_url ?? redisSocket(config);
  const facts = await checks.askRedis(url).catch(() => null);
  if (facts !== null) {
    const judged = judgeRedis(facts);
    const found = `${facts.version} at ${redisAddress(url)}`;
    return judged === null ? ok('Redis', found) : fail('Redis', `${found}: ${judged.problem}`, judged.advice);
  }
  if (config.redis_url !== null)
    return fail(
      'Redis',
      `nothing answers at ${redisAddress(url)}`,
      'Start it, or correct GANTRY_REDIS_URL, or unset it: then Gantry starts one of its own.',
    );
  for (const name of ['valkey-server', 'redis-server']) {
    const version = /v=?(\d+[.\d]*)/.exec(said(name, ['--version']) ?? '')?.[1];
    if (version !== undefined) return ok('Redis', `${name} ${version} on PATH: started by gantry up`);
  }
  return fail(
    'Redis',
    'none is named, and neither valkey-server nor redis-server is on PATH',
    'apt-get install redis-server, or set GANTRY_REDIS_URL.',
  );
}

async function docker({ docker }: Checks): Promise<Finding> {
  const { version, api_version, root_dir } = await docker.version();
  const found = `Engine ${version}, API ${api_version}, ${root_dir}`;
  if (Number.parseInt(version, 10) < 25)
    return warn(
      'Docker',
      `${found}: this old, its runc lets images and recipes that are not yours break out (CVE-2024-21626)`,
      'Upgrade to Docker Engine 25 or newer before you run what you do not trust.',
    );
  return ok('Docker', found);
}

function git(): Finding {
  const version = /(\d+)\.(\d+)[.\d]*/.exec(said('git', ['--version']) ?? '');
  if (version === null) return fail('git', 'not on PATH', 'apt-get install git');
  const [text, major, minor] = version;
  if (Number(major) > 2 || (Number(major) === 2 && Number(minor) >= 31)) return ok('git', text);
  return fail('git', `${text} is too old`, '2.31 or newer is needed, which takes settings from the environment.');
}

async function ports(config: Config, checks: Checks): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { port, variable } of proxyPorts(config)) {
    const part = `proxy ${port}`;
    if (await isOurs(port, checks)) findings.push(ok(part, "our proxy's"));
    else if (await isFree(port)) findings.push(ok(part, 'free'));
    else
      findings.push(
        fail(part, 'taken by another program', `End that (ss -ltnp 'sport = :${port}' names it), or set ${variable}.`),
      );
  }
  return findings;
}

function disk(config: Config): Finding {
  const { bavail, blocks, bsize } = statfsSync(existing(config.data_dir));
  const free = (bavail * bsize) / 1024 ** 3;
  const found = `${free.toFixed(1)} GiB free of ${((blocks * bsize) / 1024 ** 3).toFixed(1)} for ${config.data_dir}`;
  if (free < 1)
    return fail('disk', found, 'Logs and checkouts need room: docker system df shows what images and caches take.');
  if (free < 5) return warn('disk', found, 'Builds may need more: docker system df shows what images and caches take.');
  return ok('disk', found);
}

function caFile({ ca_file }: Config): Finding {
  if (ca_file === null) return ok('CA file', 'none; only needed behind a proxy that inspects TLS (GANTRY_CA_FILE)');
  const count = readFileSync(ca_file, 'utf8').split('-----BEGIN CERTIFICATE-----').length - 1;
  if (count > 0) return ok('CA file', `${ca_file}, ${count} authorities`);
  return fail(
    'CA file',
    `${ca_file} holds no certificate in PEM`,
    'Give a bundle, as /etc/ssl/certs/ca-certificates.crt is one.',
  );
}

async function server(config: Config): Promise<Finding> {
  const { url } = findServer(config);
  const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5000) }).catch(() => null);
  if (answer === null) return warn('server', `nothing answers at ${url}`, 'Start it with: gantry up');
  if (answer.ok) return ok('server', `ready at ${url}`);
  return fail(
    'server',
    `${url}/readyz answers ${answer.status}: ${(await answer.text()).slice(0, 300)}`,
    'Its log says more.',
  );
}

function said(command: string, argv: string[]): string | null {
  const { stdout, status } = spawnSync(command, argv, { encoding: 'utf8', timeout: 10_000 });
  return status === 0 ? stdout : null;
}

function existing(path: string): string {
  return existsSync(path) ? path : existing(dirname(path));
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function ok(part: string, found: string): Finding {
  return { part, state: 'ok', found, advice: null };
}

function warn(part: string, found: string, advice: string): Finding {
  return { part, state: 'warn', found, advice };
}

function fail(part: string, found: string, advice: string | null): Finding {
  return { part, state: 'fail', found, advice };
}
