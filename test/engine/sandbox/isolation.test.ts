import { once } from 'node:events';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { runJob } from '../../../src/engine/job/run-job.ts';
import { jobsNetwork } from '../../../src/engine/names.ts';
import { startRedis } from '../../redis.ts';
import { type EngineHarness, jobOf, newId, openEngineHarness, openReporter } from '../harness.ts';

let harness: EngineHarness;

beforeAll(async () => {
  harness = await openEngineHarness({ GANTRY_JOB_CPUS: '1', GANTRY_JOB_MEMORY: '256m', GANTRY_JOB_PIDS: '100' });
});

afterAll(async () => {
  const containers = await harness.docker.containers({});
  await harness[Symbol.asyncDispose]();
  expect(containers).toEqual([]);
});

describe('A job', () => {
  test('reaches no other job, by address or by name', async () => {
    const neighbour = await startTask(['httpd', '-f', '-p', '8080']);
    const address = neighbour.addresses[jobsNetwork(harness.installation)] ?? '';
    await expect.poll(() => answerAt(address, 8080)).toMatch(/^HTTP/);
    const requests = ['127.0.0.1', address, neighbour.name].map(requestTo);
    expect(
      await outputOf(
        ['httpd -p 8080', ...requests.map((request) => `${request} 8080 | head -c 4 | grep . || echo no`)].join('\n'),
      ),
    ).toEqual(['1 stdout HTTP', '1 stdout no', '1 stdout no']);
  });

  test('reaches no port that the host opens on its loopback address only', async () => {
    const server = createServer((socket) => socket.end('hi\n'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    expect(await answerAt('127.0.0.1', port)).toBe('hi\n');
    const gateway = "$(ip route | awk '/^default/ { print $3 }')";
    const requests = [gateway, '127.0.0.1'].map(requestTo);
    expect(await outputOf(requests.map((request) => `${request} ${port} | grep . || echo no`).join('\n'))).toEqual([
      '1 stdout no',
      '1 stdout no',
    ]);
  });

  test('sees no file of the host outside its own folder: no Docker socket, no Redis, no data', async () => {
    const redis = await startRedis();
    onTestFinished(redis.end);
    const { config } = harness.deps;
    await mkdir(config.server_dir, { recursive: true });
    const key = join(config.server_dir, 'key');
    await writeFile(key, 'secret');
    const paths = ['/var/run/docker.sock', redis.url.replace(/^unix:/, ''), key, config.work_dir];
    for (const path of paths) expect(await stat(path)).toBeDefined();
    const checks = [...paths, '/run/docker.sock'].map((path) => `[ -e ${path} ] && echo ${path} is there`);
    expect(await outputOf([...checks, 'echo looked'].join('\n'))).toEqual(['1 stdout looked']);
    const { attempt, mounts } = await startStep();
    const outside = mounts.filter((source) => !source.startsWith(join(config.work_dir, 'jobs', attempt, '/')));
    expect(mounts.length).toBeGreaterThan(5);
    expect(outside).toEqual([]);
  });

  test('has its limits, and fewer capabilities than Docker’s default', async () => {
    const { host } = await startStep();
    expect(host).toMatchObject({
      Privileged: false,
      CapAdd: null,
      SecurityOpt: ['no-new-privileges'],
      NetworkMode: jobsNetwork(harness.installation),
      PidMode: '',
      IpcMode: 'private',
      PidsLimit: 100,
      Memory: 256 * 1024 ** 2,
      MemorySwap: 256 * 1024 ** 2,
      NanoCpus: 1e9,
    });
    const lines = await outputOf(
      "grep -E '^(CapBnd|CapEff|NoNewPrivs)' /proc/self/status; mknod /null c 1 3 || echo no device",
    );
    const status = Object.fromEntries(lines.map((line) => line.replace('1 stdout ', '').split(/:\s*/)));
    expect(status.NoNewPrivs).toBe('1');
    for (const set of [status.CapBnd, status.CapEff])
      expect(Object.entries(CAPABILITIES).filter(([, bit]) => BigInt(`0x${set}`) & (1n << BigInt(bit)))).toEqual([]);
    expect(lines).toContain('1 stdout no device');
  });

  test('cannot exceed its process limit', async () => {
    const reporter = openReporter(newId('att'));
    const grant = jobOf([{ run: 'for i in $(seq 200); do sleep 60 & done' }]);
    const { verdict } = await runJob(harness.deps, grant, reporter, never);
    expect(verdict.status).toBe('failed');
    expect(reporter.text()).toMatch(/can't fork/);
  });
});

function requestTo(host: string): string {
  return `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 3 ${host}`;
}

const never = new AbortController().signal;

/** With the kernel's bit numbers. */
const CAPABILITIES = {
  NET_ADMIN: 12,
  NET_RAW: 13,
  SYS_MODULE: 16,
  SYS_PTRACE: 19,
  SYS_ADMIN: 21,
  MKNOD: 27,
  AUDIT_WRITE: 29,
};

/** The standard output of a job with one step. */
async function outputOf(run: string): Promise<string[]> {
  const reporter = openReporter(newId('att'));
  await runJob(harness.deps, jobOf([{ run }]), reporter, never);
  return reporter.lines().filter((line) => line.startsWith('1 stdout'));
}

/** Starts a task that runs until the end of the test, and resolves with its container. */
async function startTask(command: string[]) {
  const attempt = newId('att');
  startJob(attempt, jobOf([], { command, spec: { container: { image: 'busybox:latest', env: {} } } }));
  return running(attempt);
}

async function startStep() {
  const attempt = newId('att');
  startJob(attempt, jobOf([{ run: 'sleep 100' }]));
  const container = await running(attempt);
  const { HostConfig, Mounts } = await harness.engine.getContainer(container.id).inspect();
  return { attempt, host: HostConfig, mounts: Mounts.map(({ Source }) => Source) };
}

function startJob(attempt: string, grant: ReturnType<typeof jobOf>): void {
  const abort = new AbortController();
  const force = new AbortController();
  const job = runJob(harness.deps, grant, openReporter(attempt), abort.signal, force.signal);
  onTestFinished(async () => {
    for (const end of [abort, force]) end.abort({ kind: 'cancel', reason: 'the test is over' });
    await job;
  });
}

async function running(attempt: string) {
  return vi.waitFor(async () => {
    const [container] = await harness.docker.containers({ 'gantry.attempt': attempt });
    if (container?.state !== 'running') throw new Error(`the container of ${attempt} does not run yet`);
    return container;
  });
}

async function answerAt(host: string, port: number): Promise<string> {
  const socket = connect({ host, port, timeout: 3000 });
  socket.write('GET / HTTP/1.0\r\n\r\n');
  const parts = await socket.toArray().catch(() => []);
  return Buffer.concat(parts).toString();
}
