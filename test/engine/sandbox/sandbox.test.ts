import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createSandbox } from '../../../src/engine/sandbox/docker-sandbox.ts';
import { endProcess } from '../../../src/engine/sandbox/process-end.ts';
import { attemptsInDocker } from '../../../src/engine/sandbox/removal.ts';
import type { ProcessSpec, Sandbox, SandboxSpec } from '../../../src/engine/sandbox/sandbox.ts';
import { type EngineHarness, emptyImage, newId, openEngineHarness } from '../harness.ts';

let harness: EngineHarness;

beforeAll(async () => {
  harness = await openEngineHarness();
});

afterAll(async () => {
  const left = [await harness.docker.containers({}), await harness.docker.networks({ 'gantry.role': 'job' })];
  await harness[Symbol.asyncDispose]();
  expect(left).toEqual([[], []]);
});

const IMPLEMENTATIONS: [string, (spec: SandboxSpec) => Promise<Sandbox>][] = [
  ['through the Docker Engine', (spec) => createSandbox(harness.deps, spec)],
];

describe.each(IMPLEMENTATIONS)('A sandbox whose processes are started %s', (_, create) => {
  test('runs processes beside each other, each with its own output and exit code', async () => {
    const sandbox = await open(create);
    const output = [collect(), collect()];
    const processes = await Promise.all([
      sandbox.run(script('echo out; echo err >&2; exit 3'), output[0] ?? collect()),
      sandbox.run({ ...script('echo "$WORD in $(pwd)"'), env: { WORD: 'two' }, cwd: '/tmp' }, output[1] ?? collect()),
    ]);
    const exits = await Promise.all(processes.map((process) => process.wait()));
    expect(exits).toEqual([
      { exit_code: 3, oom_killed: false },
      { exit_code: 0, oom_killed: false },
    ]);
    expect(output.map(({ text }) => text())).toEqual([
      ['out\n', 'err\n'],
      ['two in /tmp\n', ''],
    ]);
    expect(processes[0]?.id).not.toBe(processes[1]?.id);
    expect(await processes[0]?.wait()).toEqual(exits[0]);
  });

  test('passes output on byte for byte, and searches added folders before PATH', async () => {
    const sandbox = await open(create);
    const output = collect();
    const files = 'mkdir /a; printf "#!/bin/sh\\necho mine" > /a/tool; chmod +x /a/tool';
    await (await sandbox.run(script(files), output)).wait();
    const all = { ...script('tool; cat /proc/self/cmdline; seq 1 50000'), path: ['/a', '/b'] };
    await (await sandbox.run(all, output)).wait();
    const numbers = Array.from({ length: 50_000 }, (__, index) => `${index + 1}\n`).join('');
    expect(output.text()[0]).toBe(`mine\ncat\0/proc/self/cmdline\0${numbers}`);
  });

  test('writes to a process’s standard input; without one it reads nothing', async () => {
    const sandbox = await open(create);
    const output = collect();
    const process = await sandbox.run({ ...script('read line; echo "got $line"; wc -c'), stdin: true }, output);
    process.stdin?.write('hello\n');
    await expect.poll(output.text).toEqual(['got hello\n', '']);
    process.stdin?.end('four');
    expect((await process.wait()).exit_code).toBe(0);
    expect(output.text()[0]).toBe('got hello\n4\n');
    const closed = await sandbox.run(script('wc -c'), output);
    expect(closed.stdin).toBeNull();
    expect((await closed.wait()).exit_code).toBe(0);
  });

  test('signals a process and everything in its group, and no other process', async () => {
    const sandbox = await open(create);
    const output = collect();
    const other = await sandbox.run(script('sleep 100'), collect());
    const child = 'sh -c \'trap "echo child; exit" TERM; echo up; while :; do sleep 0.1; done\' &';
    const process = await sandbox.run(script(`trap "echo parent; wait; exit 9" TERM; ${child} wait; wait`), output);
    await expect.poll(output.text).toEqual(['up\n', '']);
    await process.signal('TERM');
    expect((await process.wait()).exit_code).toBe(9);
    expect(output.text()[0].split('\n').toSorted()).toEqual(['', 'child', 'parent', 'up']);
    await process.signal('KILL');
    await other.signal('KILL');
    expect((await other.wait()).exit_code).toBe(137);
  });

  test('attaches to a running process: its later output and its exit code', async () => {
    const sandbox = await open(create);
    const [first, second] = [collect(), collect()];
    const process = await sandbox.run({ ...script('echo early; read line; echo late; exit 4'), stdin: true }, first);
    await expect.poll(first.text).toEqual(['early\n', '']);
    const attached = await sandbox.attach(process.id, second);
    attached.stdin?.end('\n');
    expect((await attached.wait()).exit_code).toBe(4);
    expect(first.text()[0]).toBe('early\nlate\n');
    expect(second.text()[0]).toBe('late\n');
    await expect(sandbox.attach(process.id, second)).rejects.toMatchObject({ code: 'not_attachable' });
  });

  test('ends a process’s output 2 s after the process, though a child process keeps it open', async () => {
    const sandbox = await open(create);
    const output = collect();
    const started = performance.now();
    const process = await sandbox.run(script('sleep 100 & echo done; exit 5'), output);
    expect((await process.wait()).exit_code).toBe(5);
    expect(output.text()[0]).toBe('done\n');
    expect(performance.now() - started).toBeGreaterThan(1_900);
    expect(performance.now() - started).toBeLessThan(6_000);
  });

  test('pauses all processes while the host works, and continues them also after an error', async () => {
    const sandbox = await open(create);
    const output = collect();
    const process = await sandbox.run(script('while :; do echo tick; sleep 0.02; done'), output);
    const paused = sandbox.whilePaused(async () => {
      await settled(output);
      const before = output.text()[0];
      await settled(output);
      expect(output.text()[0]).toBe(before);
      throw new Error('failed');
    });
    await expect(paused).rejects.toThrow('failed');
    const { length } = output.text()[0];
    await expect.poll(() => output.text()[0].length).toBeGreaterThan(length);
    await process.signal('KILL');
    await process.wait();
  });

  test('fails a process with a message for the user when the image has no shell or the container has ended', async () => {
    await using empty = await emptyImage(harness);
    const bare = await open(create, { image: empty.name });
    const unstartable = await bare.run(script('true'), collect());
    await expect(unstartable.wait()).rejects.toMatchObject({
      code: 'user_error',
      message: expect.stringContaining('it has no `sh`'),
    });
    await bare.remove();
    const sandbox = await open(create);
    const killer = await sandbox.run(script('kill -TERM 1; sleep 10'), collect());
    await killer.wait().catch(() => undefined);
    const late = await sandbox.run(script('true'), collect());
    await expect(late.wait()).rejects.toMatchObject({
      code: 'user_error',
      message: expect.stringMatching(/container has ended with code \d+/),
    });
  });

  test('runs the process that it was created for, and signals it', async () => {
    const main = { entrypoint: ['sh', '-c'], env: { WORD: 'main' }, cwd: '/tmp', user: '65534:65534' };
    const command = ['trap "exit 7" TERM; echo "$WORD $(pwd) $(id -u)"; while :; do sleep 0.1; done'];
    const sandbox = await open(create, { main: { ...main, command } });
    const output = collect();
    const process = await sandbox.runMain(output);
    await expect.poll(output.text).toEqual(['main /tmp 65534\n', '']);
    await process.signal('TERM');
    expect(await process.wait()).toEqual({ exit_code: 7, oom_killed: false });
  });

  test('is removed with its own network; its names and labels contain the attempt and the role', async () => {
    const { docker } = harness;
    const prefix = `10.213.${randomInt(256)}`;
    const spec = specOf({ network: { subnet: `${prefix}.0/28` } });
    const sandbox = await create(spec);
    const { attempt } = spec.owner;
    const [container] = await docker.containers({ 'gantry.attempt': attempt });
    const [network] = await docker.networks({ 'gantry.attempt': attempt });
    expect(container).toMatchObject({
      name: `gantry-${attempt.toLowerCase()}-job`,
      labels: { 'gantry.role': 'job', 'gantry.job': spec.owner.job, 'gantry.attempt_number': '1' },
    });
    expect(network?.name).toBe(`gantry-${attempt.toLowerCase()}`);
    expect(container?.addresses[network?.name ?? '']).toMatch(new RegExp(`^${prefix}\\.`));
    expect(await attemptsInDocker(docker)).toContain(attempt);
    const process = await sandbox.run(script('sleep 100'), collect());
    await sandbox.remove();
    await sandbox.remove();
    expect(await attemptsInDocker(docker)).not.toContain(attempt);
    await process.wait().catch(() => undefined);
  });

  describe('endProcess', () => {
    test('ends a process by SIGTERM within its grace period', async () => {
      const sandbox = await open(create);
      const process = sandbox.run(script('trap "exit 3" TERM; while :; do sleep 0.1; done'), collect());
      expect(await endProcess(sandbox, process, cancelled())).toBe(true);
      expect((await (await process).wait()).exit_code).toBe(3);
    });

    test('kills a process without a grace period when the stop is forced', async () => {
      const sandbox = await open(create);
      const process = sandbox.run(script('trap "" TERM; while :; do sleep 0.1; done'), collect());
      const started = performance.now();
      expect(await endProcess(sandbox, process, cancelled(AbortSignal.abort()))).toBe(true);
      expect((await (await process).wait()).exit_code).toBe(137);
      expect(performance.now() - started).toBeLessThan(4_000);
    });

    test('treats a process that could not be started as ended', async () => {
      const sandbox = await open(create);
      expect(await endProcess(sandbox, Promise.reject(new Error('not started')), cancelled())).toBe(true);
    });

    test('removes the sandbox when the process does not end', async () => {
      const sandbox = await open(create);
      const process = await sandbox.run(script('while :; do sleep 0.1; done'), collect());
      const unresponsive = {
        ...sandbox,
        id: process.id,
        stdin: null,
        signal: async () => {},
        wait: () => process.wait(),
      };
      expect(await endProcess(sandbox, Promise.resolve(unresponsive), cancelled(AbortSignal.abort()))).toBe(false);
      await expect((await sandbox.run(script('true'), collect())).wait()).rejects.toThrow();
      await process.wait().catch(() => undefined);
    });
  });
});

function specOf(given: Partial<SandboxSpec> = {}): SandboxSpec {
  return {
    owner: { run: newId('run'), job: newId('job'), attempt: newId('att'), number: 1 },
    image: 'busybox:latest',
    main: null,
    mounts: [],
    limits: harness.deps.config.job_limits,
    network: 'shared',
    ...given,
  };
}

/** A sandbox that is removed at the end of the test. */
async function open(create: (spec: SandboxSpec) => Promise<Sandbox>, given: Partial<SandboxSpec> = {}) {
  const sandbox = await create(specOf(given));
  onTestFinished(() => sandbox.remove());
  return sandbox;
}

function cancelled(force = new AbortController().signal) {
  return { signal: AbortSignal.abort({ kind: 'cancel', reason: 'cancelled by ann' }), force };
}

function script(text: string): ProcessSpec {
  return { argv: ['sh', '-c', text], env: {}, cwd: '/', path: [], stdin: false };
}

/** Collects what a process prints: standard output, standard error. */
function collect() {
  const chunks: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
  return {
    stdout: (chunk: Buffer) => void chunks.stdout.push(chunk),
    stderr: (chunk: Buffer) => void chunks.stderr.push(chunk),
    text: (): [string, string] => [Buffer.concat(chunks.stdout).toString(), Buffer.concat(chunks.stderr).toString()],
  };
}

/** Resolves when no output has arrived for 300 ms. */
async function settled(output: { text(): [string, string] }): Promise<void> {
  for (let before = ''; before !== output.text()[0]; ) {
    before = output.text()[0];
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}
