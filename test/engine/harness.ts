import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import Dockerode from 'dockerode';
import { pack } from 'tar-stream';
import { openBlobs } from '../../src/adapters/blobs/file-blobs.ts';
import { openDocker } from '../../src/adapters/docker/open-docker.ts';
import { openGit } from '../../src/adapters/git/open.ts';
import { openLocks } from '../../src/adapters/lock/locks.ts';
import { openProxy } from '../../src/adapters/proxy/open-proxy.ts';
import { readConfig } from '../../src/config.ts';
import type { Docker, LogStream } from '../../src/deps.ts';
import type { EngineDeps } from '../../src/engine/engine-deps.ts';
import type { DeployQuestion, EventReporter, OneWayEvent, ReadyQuestion } from '../../src/engine/event-reporter.ts';
import type { DeployAnswer, SwitchAnswer } from '../../src/jobs/deploy/deployment.ts';
import { JobGrant } from '../../src/jobs/protocol/grant.ts';
import type { PlannedStep } from '../../src/jobs/run/plan.ts';
import type { Step } from '../../src/jobs/run/step.ts';
import { openLog } from '../../src/log.ts';

/** A new installation on the real Docker Engine. Disposing of it removes everything that it created. */
export interface EngineHarness extends AsyncDisposable {
  deps: EngineDeps;
  docker: Docker;
  installation: string;
  engine: Dockerode;
}

export async function openEngineHarness(env: Record<string, string> = {}): Promise<EngineHarness> {
  const installation = randomBytes(6).toString('hex');
  const folder = await mkdtemp(join(tmpdir(), 'gantry-engine-'));
  const config = readConfig({
    GANTRY_DATA_DIR: folder,
    GANTRY_RUNNER_IMAGES: 'ubuntu-latest=debian:bookworm-slim,busybox=busybox:latest',
    GANTRY_PROXY_HTTP_PORT: '0',
    GANTRY_PROXY_HTTPS_PORT: '0',
    ...env,
  });
  const docker = openDocker({ host: null, installation });
  const deps: EngineDeps = {
    config,
    log: openLog('test', 'silent'),
    docker,
    blobs: openBlobs(join(folder, 'blobs')),
    locks: openLocks(),
    git: openGit({ mirrors_dir: join(folder, 'mirrors'), ca_file: null, proxy_env: {}, locks: openLocks() }),
    proxy: (container) => openProxy((argv) => docker.capture(container, argv)),
    envelope: { installation },
    now: Date.now,
  };
  const engine = new Dockerode();
  const close = async () => {
    await removeAllOf(engine, installation);
    await rm(folder, { recursive: true, force: true });
  };
  return { deps, docker, installation, engine, [Symbol.asyncDispose]: close };
}

async function removeAllOf(engine: Dockerode, installation: string): Promise<void> {
  const filters = { label: [`gantry.installation=${installation}`] };
  for (const { Id } of await engine.listContainers({ all: true, filters }))
    await engine.getContainer(Id).remove({ force: true, v: true });
  for (const { Id } of await engine.listNetworks({ filters })) await engine.getNetwork(Id).remove();
  const { Volumes } = await engine.listVolumes({ filters });
  for (const { Name } of Volumes) await engine.getVolume(Name).remove();
}

/** An image without any file. */
export async function emptyImage({ engine, installation }: EngineHarness): Promise<AsyncDisposable & { name: string }> {
  const name = `gantry-test/empty:${installation}`;
  const [repo, tag] = name.split(':');
  const tar = pack();
  tar.finalize();
  const answer = await engine.importImage(tar.pipe(new PassThrough()), { repo, tag });
  for await (const _ of answer);
  return { name, [Symbol.asyncDispose]: () => engine.getImage(name).remove() };
}

export interface RecordingReporter extends EventReporter {
  events: OneWayEvent[];
  /** Lines by stream: `1 stdout hello`. */
  lines(): string[];
  text(): string;
  masks: string[];
  questions: (DeployQuestion | ReadyQuestion)[];
  /** The latest event of each step, in order. */
  steps(): Step[];
}

export interface Answers {
  deploy?: (question: DeployQuestion, signal: AbortSignal) => DeployAnswer | Promise<DeployAnswer>;
  ready?: (question: ReadyQuestion, signal: AbortSignal) => SwitchAnswer | Promise<SwitchAnswer>;
}

/** Records events and log lines, and answers questions from `answers`. `onText` is called with each piece of log. */
export function openReporter(
  attempt: string,
  answers: Answers = {},
  onText: (text: string) => void = () => {},
): RecordingReporter {
  const events: OneWayEvent[] = [];
  const written: { step: number; stream: LogStream; text: string }[] = [];
  const masks: string[] = [];
  const questions: (DeployQuestion | ReadyQuestion)[] = [];
  async function ask(question: DeployQuestion, signal: AbortSignal): Promise<DeployAnswer>;
  async function ask(question: ReadyQuestion, signal: AbortSignal): Promise<SwitchAnswer>;
  async function ask(question: DeployQuestion | ReadyQuestion, signal: AbortSignal) {
    questions.push(question);
    const answer = question.type === 'deploy' ? answers.deploy?.(question, signal) : answers.ready?.(question, signal);
    if (answer === undefined) throw new Error(`no answer to ${question.type}`);
    return answer;
  }
  const lines = () => {
    const text = new Map<string, string>();
    for (const one of written) {
      const key = `${one.step} ${one.stream}`;
      text.set(key, (text.get(key) ?? '') + one.text);
    }
    return [...text].flatMap(([key, all]) =>
      all
        .replace(/\n$/, '')
        .split('\n')
        .map((line) => `${key} ${line}`),
    );
  };
  return {
    attempt,
    events,
    masks,
    questions,
    lines,
    text: () => written.map(({ text }) => text).join(''),
    steps: () => {
      const last = new Map<number, Step>();
      for (const event of events) if (event.type === 'step') last.set(event.data.number, event.data);
      return [...last.values()];
    },
    emit: async (event) => {
      events.push(structuredClone(event));
    },
    ask,
    log: {
      write: (step, stream, chunk) => {
        const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
        written.push({ step, stream, text });
        onText(text);
      },
      mask: (values) => void masks.push(...values),
      flush: resolveZero,
      close: resolveZero,
    },
  };
}

async function resolveZero(): Promise<number> {
  return 0;
}

let count = 0;

/** Has the form of a ULID; unique in this process, and very likely on this host. */
export function newId(prefix: string): string {
  return `${prefix}_${randomBytes(13).toString('hex').toUpperCase().slice(0, 20)}${String(count++).padStart(6, '0')}`;
}

function step(given: Partial<PlannedStep>): PlannedStep {
  return {
    id: null,
    name: given.run ?? given.uses ?? 'step',
    if: 'success()',
    run: null,
    uses: null,
    with: {},
    env: {},
    shell: null,
    working_directory: null,
    continue_on_error: 'false',
    timeout_minutes: null,
    line: 1,
    column: 1,
    ...given,
  };
}

type Given = Partial<Omit<JobGrant, 'spec'>> & { spec?: Partial<JobGrant['spec']> };

export function jobOf(steps: Partial<PlannedStep>[], given: Given = {}): JobGrant {
  const { spec, ...rest } = given;
  return JobGrant.parse({
    subject: 'job',
    job: newId('job'),
    number: 1,
    run: newId('run'),
    command: null,
    source: null,
    sha: null,
    ref: null,
    payload_blob: null,
    github: { repository: 'acme/shop', ref_name: 'main', workflow: 'CI' },
    needs: {},
    secrets: {},
    limits: { cpus: null, memory_mb: null },
    release: null,
    ...rest,
    spec: {
      key: 'test',
      base: 'test',
      name: 'test',
      kind: 'test',
      needs: [],
      if: 'success()',
      matrix: null,
      strategy: { fail_fast: true, job_index: 0, job_total: 1, max_parallel: null },
      continue_on_error: 'false',
      timeout_minutes: 10,
      runs_on: ['busybox'],
      container: { image: null, env: {} },
      env: [],
      outputs: {},
      steps: steps.map(step),
      environments: [],
      line: 1,
      column: 1,
      ...spec,
    },
  });
}
