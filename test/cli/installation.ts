import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { openEnvelope } from '../../src/adapters/vault/open-vault.ts';
import { removeDockerObjects } from '../scenarios/docker-objects.ts';
import { freePort } from '../scenarios/free-port.ts';

const GANTRY = resolve(import.meta.dirname, '../../bin/gantry');

export interface CommandResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A data directory for one test, and the `gantry` command that uses it. `end` removes everything, also in Docker. */
export interface Installation {
  dir: string;
  env: Record<string, string>;
  /** Runs a command to its end. */
  gantry(...argv: string[]): Promise<CommandResult>;
  /** Starts a command in the background; its outputs are pipes. */
  start(...argv: string[]): ChildProcess;
  /** Starts `gantry up`, and resolves when it is ready. */
  up(): Promise<ChildProcess>;
  end(): Promise<void>;
}

export async function makeInstallation(settings: Record<string, string> = {}): Promise<Installation> {
  const dir = await mkdtemp(join(tmpdir(), 'gantry-'));
  const [port, http, https] = [await freePort(), await freePort(), await freePort()];
  const env = {
    PATH: process.env.PATH ?? '',
    TMPDIR: tmpdir(),
    GANTRY_DATA_DIR: dir,
    GANTRY_PORT: String(port),
    GANTRY_PROXY_HTTP_PORT: String(http),
    GANTRY_PROXY_HTTPS_PORT: String(https),
    GANTRY_WORKERS: '1',
    GANTRY_SHUTDOWN_TIMEOUT: '5',
    ...settings,
  };
  const children = new Set<ChildProcess>();

  function start(...argv: string[]): ChildProcess {
    const child = spawn(GANTRY, argv, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    children.add(child);
    child.once('exit', () => children.delete(child));
    return child;
  }

  async function up(): Promise<ChildProcess> {
    const child = start('up', '--json');
    let stderr = '';
    child.stderr?.on('data', (chunk) => {
      stderr += String(chunk);
    });
    const summary = await Promise.race([once(child.stdout ?? child, 'data'), once(child, 'exit').then(() => null)]);
    if (summary === null) throw new Error(`gantry up ended:\n${stderr}`);
    return child;
  }

  return {
    dir,
    env,
    start,
    up,
    gantry: async (...argv) => {
      const child = start(...argv);
      const [stdout, stderr] = await Promise.all([output(child.stdout), output(child.stderr), once(child, 'exit')]);
      return { code: child.exitCode, stdout, stderr };
    },
    end: async () => {
      for (const child of children) {
        child.kill('SIGTERM');
        await once(child, 'exit');
      }
      endRedis(dir);
      const key = join(dir, 'shared', 'worker.key');
      if (existsSync(key)) await removeDockerObjects(openEnvelope(readFileSync(key)).installation);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function output(stream: NodeJS.ReadableStream | null): Promise<string> {
  return stream === null ? '' : text(stream);
}

/** Kills a Redis that outlived a killed `gantry up`. */
function endRedis(dir: string): void {
  const file = join(dir, 'redis', 'redis.pid');
  if (!existsSync(file)) return;
  try {
    process.kill(Number(readFileSync(file, 'utf8')), 'SIGKILL');
  } catch {
    // Already ended.
  }
}
