import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { z } from 'zod';
import { type GitServer, startGitServer } from '../git-server.ts';
import { type FakeGitHub, startGitHub } from '../github/github.ts';
import { listProcesses } from '../leaks/process.ts';
import { type ApiClient, openApiClient } from './api-client.ts';
import { type DockerObjects, listDockerObjects, removeDockerObjects } from './docker-objects.ts';
import { freePort } from './free-port.ts';

const GANTRY = resolve(import.meta.dirname, '../../bin/gantry');
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';
/** Milliseconds for `gantry up` to start on a busy machine, and to stop without running jobs. */
const START_TIMEOUT = 60_000;
const STOP_TIMEOUT = 20_000;

/** A complete Gantry started with `gantry up`, with a fake GitHub and a git server. */
export interface Installation {
  /** The installation id: the label of its Docker objects. */
  id: string;
  data_dir: string;
  api: ApiClient;
  github: FakeGitHub;
  git: GitServer;
  /** The HTTP port of deployed apps. */
  apps_port: number;
  pids(role: Role): number[];
  dockerObjects(): Promise<DockerObjects>;
  /** Starts `gantry up` again in the same data directory; resolves when it is ready. */
  start(): Promise<void>;
  /** Kills the supervisor and all roles with SIGKILL; Redis keeps running. */
  killEverything(): Promise<void>;
  /** Stops with SIGTERM, cleans up, and fails if anything unexpected was left behind. */
  end(): Promise<void>;
}

export type Role = 'up' | 'server' | 'worker' | 'redis';

const TITLES = {
  up: /: gantry up/,
  server: /: gantry server/,
  worker: /: gantry worker/,
  redis: /redis-server|valkey-server/,
} as const satisfies Record<Role, RegExp>;

/** The document that `gantry up --json` prints when it is ready. */
const Summary = z.object({ url: z.url(), installation: z.string(), token_file: z.string() });

export async function startInstallation(env: Record<string, string> = {}): Promise<Installation> {
  const data_dir = await mkdtemp(join(tmpdir(), 'gantry-'));
  const github = await startGitHub({ tokens: [GITHUB_TOKEN] });
  const git = await startGitServer({ token: GITHUB_TOKEN });
  const [port, http, https] = await Promise.all([freePort(), freePort(), freePort()]);
  const settings = {
    GANTRY_DATA_DIR: data_dir,
    GANTRY_PORT: String(port),
    GANTRY_PROXY_HTTP_PORT: String(http),
    GANTRY_PROXY_HTTPS_PORT: String(https),
    GANTRY_GITHUB_API_URL: github.url,
    GANTRY_WORKERS: '2',
    ...(existsSync(CERTIFICATES) && { GANTRY_CA_FILE: CERTIFICATES }),
    ...env,
  };
  let up = await startUp(settings);
  const { installation: id, url, token_file } = up.summary;
  const api = openApiClient(url, (await readFile(token_file, 'utf8')).trim());
  const pids = (role: Role) =>
    listProcesses(data_dir).flatMap(({ pid, description }) => (TITLES[role].test(description) ? [pid] : []));

  return {
    id,
    data_dir,
    api,
    github,
    git,
    apps_port: http,
    pids,
    dockerObjects: () => listDockerObjects(id),
    start: async () => {
      up = await startUp(settings);
    },
    killEverything: async () => {
      const exited = once(up.process, 'exit');
      for (const role of ['up', 'server', 'worker'] as const)
        for (const pid of pids(role)) process.kill(pid, 'SIGKILL');
      await exited;
      await expect.poll(() => [...pids('server'), ...pids('worker')], { timeout: 5000 }).toEqual([]);
    },
    end: async () => {
      const exit_code = await stopUp(up.process);
      const processes = listProcesses(data_dir);
      const left = await listDockerObjects(id);
      const folders = await readdir(join(data_dir, 'work', 'jobs')).catch(() => []);
      for (const { pid } of processes) process.kill(pid, 'SIGKILL');
      await removeDockerObjects(id);
      await git.end();
      await github.close();
      const log = exit_code === 0 ? '' : await readFile(join(data_dir, 'up.log'), 'utf8');
      await rm(data_dir, { recursive: true, force: true });
      expect(exit_code, log).toBe(0);
      expect(processes, 'processes that outlived `gantry up`').toEqual([]);
      expect(folders, 'job folders').toEqual([]);
      expect(left.strays, 'unexpected Docker objects').toEqual([]);
      expect(github.violations).toEqual([]);
    },
  };
}

export const GITHUB_TOKEN = 'ghp_scenarios';

async function startUp(settings: Record<string, string>) {
  const log = await open(join(settings.GANTRY_DATA_DIR ?? '', 'up.log'), 'a');
  const up = spawn(GANTRY, ['up', '--json'], { env: environment(settings), stdio: ['ignore', 'pipe', log.fd] });
  await log.close();
  const first = Promise.withResolvers<string>();
  createInterface(up.stdout as Readable).on('line', (line) => first.resolve(line));
  const line = await Promise.race([first.promise, once(up, 'exit'), delay(START_TIMEOUT, null, { ref: false })]);
  if (typeof line === 'string') return { process: up, summary: Summary.parse(JSON.parse(line)) };
  up.kill('SIGKILL');
  throw new Error(`gantry up did not start: ${await readFile(join(settings.GANTRY_DATA_DIR ?? '', 'up.log'), 'utf8')}`);
}

/** This process's environment without variables that configure Gantry, plus `settings`. */
function environment(settings: Record<string, string>): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(GANTRY_|REDIS_URL)/.test(name));
  return { ...Object.fromEntries(inherited), ...settings };
}

/** Resolves with the exit code, or null when it had to be killed. */
async function stopUp(up: ChildProcess): Promise<number | null> {
  if (up.exitCode !== null || up.signalCode !== null) return up.exitCode;
  const exited = once(up, 'exit') as Promise<[number | null]>;
  up.kill('SIGTERM');
  const ended = await Promise.race([exited, delay(STOP_TIMEOUT, null, { ref: false })]);
  if (ended !== null) return ended[0];
  up.kill('SIGKILL');
  await exited;
  return null;
}
