import type { Config } from '../../config.ts';
import { type Checks, openChecks } from '../../deps.ts';
import { messageOf } from '../../error.ts';
import { checkDataDir, checkDisk, checkKey } from './data-dir-checks.ts';
import { type Finding, fail } from './finding.ts';
import { checkCaFile, checkGit, checkNode } from './host-checks.ts';
import { checkDocker, checkProxyPorts, checkRedis, checkServer } from './service-checks.ts';

/** Checks every part in turn. A check that throws is a failed finding; the others still run. */
export async function examine(config: Config): Promise<Finding[]> {
  const opened = await openChecks(config).catch((error: unknown) => messageOf(error));
  const checks = (): Checks => {
    if (typeof opened === 'string') throw new Error(opened);
    return opened;
  };
  const parts: [string, () => Finding | Finding[] | Promise<Finding | Finding[]>][] = [
    ['Node', checkNode],
    ['data directory', () => checkDataDir(config)],
    ['key', () => checkKey(config)],
    ['Redis', () => checkRedis(config, checks())],
    ['Docker', () => checkDocker(checks())],
    ['git', checkGit],
    ['proxy', () => checkProxyPorts(config, checks())],
    ['disk', () => checkDisk(config)],
    ['CA file', () => checkCaFile(config)],
    ['server', () => checkServer(config)],
  ];
  const findings: Finding[] = [];
  for (const [part, check] of parts) {
    try {
      findings.push(...[await check()].flat());
    } catch (error) {
      findings.push(fail(part, messageOf(error), null));
    }
  }
  return findings;
}
