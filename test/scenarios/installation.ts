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
/** What `gantry up` may take, in milliseconds, on a busy machine; and its end, when nothing is running any more. */
const START = 60_000;
const STOP = 20_000;

/** A whole Gantry, as its users start it, with a GitHub and a git remote beside it. */
export interface Installation {
  /** Of the machine's other installations it is told by this, in Docker. */
  id: string;
  data_dir: string;
  api: ApiClient;
  github: FakeGitHub;
  git: GitServer;
  /** Where deployed apps are reached. */
  apps_port: number;
  pids(role: Role): number[];
  dockerObjects(): Promise<DockerObjects>;
  /** `gantry up` once more in the same data directory; resolves when it is up. */
  start(): Promise<void>;
  /** The supervisor and all roles at once, without a word; Redis lives on. */
  killEverything(): Promise<void>;
  /** SIGTERM, and its end; then ends the rest, and holds everything against what may be left. */
  end(): Promise<void>;
}

export type Role = 'up' | 'server' | 'worker' | 'redis';

const TITLES = {
  up: /: gantry up/,
  server: /: gantry server/,
  worker: /: gantry worker/,
  redis: /redis-server|valkey-server/,
} as const satisfies Record<Role, RegExp>;

/** The line that `gantry up --json` prints once it is up. */
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
    listProcesses(data_dir).flatMap(({ pid, words }) => (TITLES[role].test(words) ? [pid] : []));

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
      const gone = once(up.process, 'exit');
      for (const role of ['up', 'server', 'worker'] as const)
        for (const pid of pids(role)) process.kill(pid, 'SIGKILL');
      await gone;
      await expect.poll(() => [...pids('server'), ...pids('worker')], { timeout: 5000 }).toEqual([]);
    },
    end: async () => {
      const ended = await endUp(up.process);
      const processes = listProcesses(data_dir);
      const left = await listDockerObjects(id);
      const folders = await readdir(join(data_dir, 'work', 'jobs')).catch(() => []);
      for (const { pid } of processes) process.kill(pid, 'SIGKILL');
      await removeDockerObjects(id);
      await git.end();
      await github.close();
      const said = ended === 0 ? '' : await readFile(join(data_dir, 'up.log'), 'utf8');
      await rm(data_dir, { recursive: true, force: true });
      expect(ended, said).toBe(0);
      expect(processes, 'processes that outlived `gantry up`').toEqual([]);
      expect(folders, 'folders of jobs').toEqual([]);
      expect(left.strays, 'in Docker, and no live deployment’s').toEqual([]);
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
  const line = await Promise.race([first.promise, once(up, 'exit'), delay(START, null, { ref: false })]);
  if (typeof line === 'string') return { process: up, summary: Summary.parse(JSON.parse(line)) };
  up.kill('SIGKILL');
  throw new Error(`gantry up did not start: ${await readFile(join(settings.GANTRY_DATA_DIR ?? '', 'up.log'), 'utf8')}`);
}

/** The machine's, less what would configure a Gantry. */
function environment(settings: Record<string, string>): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(GANTRY_|REDIS_URL)/.test(name));
  return { ...Object.fromEntries(inherited), ...settings };
}

/** The exit code; null when it had to be killed. */
async function endUp(up: ChildProcess): Promise<number | null> {
  if (up.exitCode !== null || up.signalCode !== null) return up.exitCode;
  const exited = once(up, 'exit') as Promise<[number | null]>;
  up.kill('SIGTERM');
  const ended = await Promise.race([exited, delay(STOP, null, { ref: false })]);
  if (ended !== null) return ended[0];
  up.kill('SIGKILL');
  await exited;
  return null;
}
