import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Config } from '../../config.ts';
import { type Finding, fail, ok } from './finding.ts';

export function checkNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const version = `v${process.versions.node} at ${process.execPath}`;
  if (major > 24 || (major === 24 && minor >= 12)) return ok('Node', version);
  return fail('Node', version, 'Gantry needs Node 24.12 or newer. Run bin/setup; it installs Node in .node.');
}

export function checkGit(): Finding {
  const version = /(\d+)\.(\d+)[.\d]*/.exec(outputOf('git', ['--version']) ?? '');
  if (version === null) return fail('git', 'not found on PATH', 'Install it: apt-get install git');
  const [text, major, minor] = version;
  if (Number(major) > 2 || (Number(major) === 2 && Number(minor) >= 31)) return ok('git', text);
  return fail(
    'git',
    `${text} is too old`,
    'Gantry needs git 2.31 or newer, which reads settings from the environment.',
  );
}

export function checkCaFile({ ca_file }: Config): Finding {
  if (ca_file === null) return ok('CA file', 'not set; only needed behind a proxy that inspects TLS (GANTRY_CA_FILE)');
  const count = readFileSync(ca_file, 'utf8').split('-----BEGIN CERTIFICATE-----').length - 1;
  if (count > 0) return ok('CA file', `${ca_file}, ${count} ${count === 1 ? 'certificate' : 'certificates'}`);
  return fail(
    'CA file',
    `${ca_file} contains no PEM certificate`,
    'Set GANTRY_CA_FILE to a PEM bundle, such as /etc/ssl/certs/ca-certificates.crt.',
  );
}

/** The command's stdout; null when it failed or is not installed. */
export function outputOf(command: string, argv: string[]): string | null {
  const { stdout, status } = spawnSync(command, argv, { encoding: 'utf8', timeout: 10_000 });
  return status === 0 ? stdout : null;
}
