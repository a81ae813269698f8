import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { ensureProxy } from '../../../src/engine/deploy/proxy-container.ts';
import { reconcileEnvironment } from '../../../src/engine/deploy/reconcile.ts';
import { runJob } from '../../../src/engine/job/run-job.ts';
import { aliasOf } from '../../../src/engine/names.ts';
import type { DeployAnswer, DeployOrder, DeployRequest, Reconciliation } from '../../../src/jobs/deploy/deployment.ts';
import type { CloneSource } from '../../../src/jobs/protocol/grant.ts';
import { type GitServer, startGitServer } from '../../git-server.ts';
import { type Answers, type EngineHarness, jobOf, newId, openEngineHarness, openReporter } from '../harness.ts';
import { keepRequesting, openStream } from './traffic.ts';

const IMAGE = 'node:24-bookworm-slim';
const HOST = 'shop.example.com';

let harness: EngineHarness;
let server: GitServer;
let source: CloneSource;
/** The live release, as control has stored it. */
let live: DeployOrder | null = null;

beforeAll(async () => {
  harness = await openEngineHarness();
  server = await startGitServer();
  source = { id: newId('repo'), name: 'acme/shop', clone_url: await server.create('acme/shop'), token: null };
});

afterAll(async () => {
  const { docker } = harness;
  for (const tag of await docker.tags(releases())) await docker.untag(tag);
  const tags = await docker.tags(`gantry-build/${harness.installation}/acme/shop`);
  await harness[Symbol.asyncDispose]();
  await server.end();
  expect(tags, 'images are tagged only during the deploy step').toEqual([]);
});

/** A server that answers with its version, streams on /events, and is healthy unless MODE is set otherwise. */
const APP = `
const http = require('http');
const { VERSION, MODE } = process.env;
console.log('starting ' + VERSION);
if (MODE === 'exit') { console.log('no database'); process.exit(3); }
http.createServer((request, response) => {
  if (request.url === '/up') { response.statusCode = MODE === 'sick' ? 500 : 200; return response.end(); }
  if (request.url === '/events') { response.writeHead(200, { 'content-type': 'text/event-stream' }); return response.write('data: ' + VERSION + '\\n\\n'); }
  response.end(VERSION);
}).listen(3000);
process.on('SIGTERM', () => process.exit(0));
`;

interface Wanted {
  version: string;
  mode?: string;
  timeout?: string;
  answers?: Answers;
  signal?: AbortSignal;
  onText?: (text: string) => void;
  release?: string;
}

async function deploy({ version, mode = 'healthy', timeout = '20s', answers = {}, signal, onText, release }: Wanted) {
  const sha = await server.push('acme/shop', {
    'gantry.yml': JSON.stringify({
      app: 'shop',
      env: { VERSION: version, MODE: mode },
      processes: {
        web: {
          command: ['node', '-e', APP],
          port: 3000,
          hosts: [HOST],
          health: { interval: '200ms', timeout },
          stop_grace: '2s',
        },
      },
    }),
  });
  let order: DeployOrder | null = null;
  const reporter = openReporter(
    newId('att'),
    {
      deploy: (question): DeployAnswer => {
        order = orderOf(question.data, sha);
        return { go: 'start', order };
      },
      ready: () => ({ go: 'switch' }),
      ...answers,
    },
    onText,
  );
  const grant = jobOf([{ id: 'deploy', uses: 'gantry/deploy@v1', with: { environment: 'production', image: IMAGE } }], {
    source,
    sha,
    ref: 'refs/heads/main',
    release: release ?? null,
    spec: {
      kind: 'deploy',
      outputs: { release: '${{ steps.deploy.outputs.release }}', url: '${{ steps.deploy.outputs.url }}' },
    },
  });
  const finished = await runJob(harness.deps, grant, reporter, signal ?? new AbortController().signal);
  const settled = reporter.events.flatMap((event) => (event.type === 'settled' ? [event.data] : []));
  if (settled.some(({ status }) => status === 'live')) live = order;
  return { ...finished, reporter, settled, order: order as DeployOrder | null };
}

function orderOf(request: DeployRequest, sha: string): DeployOrder {
  if ('release' in request) throw new Error('a rollback test must give its answer');
  return {
    deployment: newId('dep'),
    release: newId('rel'),
    config: request.config,
    image_id: request.image_id,
    env: request.config.env,
    masks: [],
    sha,
    live: live && { ...live, stop_grace: live.config.processes.web.stop_grace },
    ordered: true,
    problem: null,
  };
}

function releases(): string {
  return `gantry-release/${harness.installation}/shop/production`;
}

async function port(): Promise<number> {
  const proxy = await harness.docker.inspect(await ensureProxy(harness.deps));
  return proxy?.published.find(({ container_port }) => container_port === 80)?.host_port ?? 0;
}

async function served(): Promise<string> {
  const { text } = await openStream(await port(), HOST, '/');
  return text;
}

async function deployments(): Promise<string[]> {
  const containers = await harness.docker.containers({ 'gantry.app': 'shop' });
  return containers.map(({ labels }) => labels['gantry.deployment'] ?? '').toSorted();
}

async function services(): Promise<string[]> {
  const proxy = harness.deps.proxy(await ensureProxy(harness.deps));
  return (await proxy.list()).map(({ name, target }) => `${name} ${target}`);
}

describe('A deployment', () => {
  test('makes the first release live and outputs its URL', async () => {
    const { verdict, outputs, order, settled, reporter } = await deploy({ version: 'one' });
    expect(verdict.reason).toBeNull();
    expect(await served()).toBe('one');
    expect(outputs).toEqual({ release: order?.release, url: `http://${HOST}` });
    expect(settled).toEqual([{ deployment: order?.deployment, status: 'live', reason: null }]);
    expect(await services()).toEqual([`shop-production ${aliasOf(order?.deployment ?? '')}:3000`]);
    const phases = reporter.events.flatMap((event) =>
      event.type === 'phase' && event.data.finished_at ? [event.data.name] : [],
    );
    expect(phases).toEqual(['start', 'gate', 'switch']);
    expect(await harness.docker.tags(releases())).toHaveLength(1);
    expect(reporter.questions.map(({ type }) => type)).toEqual(['deploy', 'ready']);
  });

  test('switches without a failed request or a cut stream, and removes the old release', async () => {
    const clients = keepRequesting(await port(), HOST, 16);
    const stream = await openStream(await port(), HOST, '/events', false);
    const before = await deployments();
    const { verdict, order, reporter } = await deploy({ version: 'two' });
    await expect.poll(() => clients.answers.get('two') ?? 0).toBeGreaterThan(100);
    const { answers, failures } = await clients.end();
    expect(verdict.reason).toBeNull();
    expect(failures).toEqual([]);
    expect([...answers.keys()]).toEqual(['one', 'two']);
    expect(stream.text).toBe('data: one\n\n');
    expect(await deployments()).toEqual([order?.deployment]);
    expect(before).not.toContain(order?.deployment);
    expect(reporter.questions[1]).toMatchObject({ data: { relation: 'newer' } });
  });

  test('fails when the release does not get healthy, shows the end of its log, and leaves the old release live', async () => {
    const before = await deployments();
    const { verdict, settled, reporter } = await deploy({ version: 'sick', mode: 'sick', timeout: '2s' });
    expect(verdict.status).toBe('failed');
    expect(settled).toMatchObject([
      { status: 'failed', reason: expect.stringMatching(/^the new release was not healthy at \S+ within \d+ s$/) },
    ]);
    expect(reporter.lines()).toContain('1 stdout starting sick');
    expect(await served()).toBe('two');
    expect(await deployments()).toEqual(before);
    await expect.poll(services).toHaveLength(1);
  });

  test('fails at once when the container exits', async () => {
    const started = Date.now();
    const { verdict, reporter } = await deploy({ version: 'exiting', mode: 'exit', timeout: '60s' });
    expect(verdict).toMatchObject({
      status: 'failed',
      reason: 'the new release ended with code 3 before it was healthy',
    });
    expect(reporter.lines()).toContain('1 stdout no database');
    expect(Date.now() - started).toBeLessThan(20_000);
  });

  test('removes its candidate within seconds when it is cancelled during the gate', async () => {
    const abort = new AbortController();
    let aborted = 0;
    const before = await deployments();
    const { verdict, settled } = await deploy({
      version: 'late',
      mode: 'sick',
      timeout: '60s',
      signal: abort.signal,
      onText: (text) => {
        if (!text.includes('waiting up to')) return;
        aborted = Date.now();
        abort.abort({ kind: 'cancel', reason: 'cancelled by ann' });
      },
    });
    expect(verdict).toMatchObject({ status: 'cancelled', reason: 'cancelled by ann' });
    expect(settled).toMatchObject([{ status: 'cancelled', reason: 'cancelled by ann' }]);
    expect(Date.now() - aborted).toBeLessThan(10_000);
    expect(await deployments()).toEqual(before);
    await expect.poll(services).toHaveLength(1);
    expect(await served()).toBe('two');
  });

  test('ends according to the proxy’s list when it is cancelled during the switch', async () => {
    const abort = new AbortController();
    const { verdict, settled } = await deploy({
      version: 'torn',
      signal: abort.signal,
      answers: {
        ready: () => {
          setImmediate(() => abort.abort({ kind: 'cancel', reason: 'cancelled by ann' }));
          return { go: 'switch' };
        },
      },
    });
    const isLive = settled[0]?.status === 'live';
    expect(verdict.status).toBe(isLive ? 'succeeded' : 'cancelled');
    await expect.poll(served).toBe(isLive ? 'torn' : 'two');
    expect(await deployments()).toEqual([live?.deployment]);
    await expect.poll(services).toEqual([`shop-production ${aliasOf(live?.deployment ?? '')}:3000`]);
  });

  test('is withdrawn when control refuses the switch, and the job gets control’s verdict', async () => {
    const before = await deployments();
    const { verdict, settled } = await deploy({
      version: 'older',
      answers: { ready: () => ({ go: 'stop', status: 'skipped', reason: 'a newer commit is live' }) },
    });
    expect(verdict).toEqual({ status: 'skipped', reason: 'a newer commit is live', exit_code: null });
    expect(settled).toMatchObject([{ status: 'skipped', reason: 'a newer commit is live' }]);
    expect(await deployments()).toEqual(before);
  });

  test('makes a kept release live again by its id', async () => {
    if (live === null) throw new Error('no release is live');
    const back: DeployOrder = {
      ...live,
      deployment: newId('dep'),
      env: { ...live.env, VERSION: 'back' },
      live: { ...live, stop_grace: 1000 },
    };
    const { verdict, reporter } = await deploy({
      version: 'ignored',
      release: back.release,
      answers: { deploy: () => ({ go: 'start', order: back }) },
    });
    expect(verdict.reason).toBeNull();
    expect(reporter.questions[0]?.data).toEqual({ step: 1, release: back.release, environment: 'production' });
    expect(await served()).toBe('back');
    live = back;
  });

  test('fails when the image of a kept release is missing', async () => {
    if (live === null) throw new Error('no release is live');
    const order = { ...live, deployment: newId('dep'), image_id: `sha256:${'0'.repeat(64)}` };
    const { verdict, settled } = await deploy({
      version: 'ignored',
      release: order.release,
      answers: { deploy: () => ({ go: 'start', order }) },
    });
    expect(verdict.reason).toBe(`the image of release ${order.release} is no longer on this host`);
    expect(settled).toMatchObject([{ deployment: order.deployment, status: 'failed' }]);
    expect(await served()).toBe('back');
  });

  test('succeeds without work when the release is live already', async () => {
    const { verdict, outputs } = await deploy({
      version: 'x',
      answers: { deploy: () => ({ go: 'live', deployment: 'dep_1', release: 'rel_1', url: 'http://x' }) },
    });
    expect(verdict.status).toBe('succeeded');
    expect(outputs).toEqual({ release: 'rel_1', url: 'http://x' });
  });

  test('fails with the position of an error in gantry.yml', async () => {
    const sha = await server.push('acme/shop', { 'gantry.yml': 'app: shop\nprocesses:\n  web:\n    prot: 3000\n' });
    const reporter = openReporter(newId('att'));
    const grant = jobOf([{ uses: 'gantry/deploy@v1', with: { image: IMAGE } }], {
      source,
      sha,
      ref: 'refs/heads/main',
    });
    const { verdict } = await runJob(harness.deps, grant, reporter, new AbortController().signal);
    expect(verdict).toMatchObject({ status: 'failed', reason: expect.stringMatching(/^gantry.yml:\d+:\d+: /) });
  });
});

function reconcile(wanted: Partial<Reconciliation>) {
  const reconciliation = {
    app: 'shop',
    environment: 'production',
    live,
    unresolved: [],
    keep: [],
    ...wanted,
  };
  const { signal } = new AbortController();
  return reconcileEnvironment(
    harness.deps,
    { subject: 'environment', reconciliation },
    openReporter(newId('att')),
    signal,
  );
}

describe('A reconciliation', () => {
  test('changes nothing in an environment that is in order', async () => {
    const before = await harness.docker.containers({ 'gantry.app': 'shop' });
    const finished = await reconcile({});
    expect(finished.verdict.reason).toBeNull();
    expect(finished.live).toBe(live?.deployment);
    expect((await harness.docker.containers({ 'gantry.app': 'shop' })).map(({ id }) => id)).toEqual(
      before.map(({ id }) => id),
    );
  });

  test('makes the release live again when the proxy lost its state or the container was removed', async () => {
    const proxy = harness.deps.proxy(await ensureProxy(harness.deps));
    await proxy.remove('shop-production');
    expect((await reconcile({})).verdict.reason).toBeNull();
    expect(await served()).toBe('back');
    const [container] = await harness.docker.containers({ 'gantry.app': 'shop' });
    await harness.docker.remove(container?.id ?? '');
    expect((await reconcile({})).live).toBe(live?.deployment);
    await expect.poll(served).toBe('back');
  });

  test('keeps a live release that cannot be started, and succeeds without its container', async () => {
    if (live === null) throw new Error('no release is live');
    const { docker, deps } = harness;
    const unstartable = { ...live, env: {}, problem: 'version 1 of the secret KEY no longer exists' };
    const proxy = deps.proxy(await ensureProxy(deps));
    await proxy.remove('shop-production');
    expect((await reconcile({ live: unstartable })).live).toBe(live.deployment);
    expect(await served()).toBe('back');
    const [container] = await docker.containers({ 'gantry.app': 'shop' });
    await docker.remove(container?.id ?? '');
    const finished = await reconcile({ live: unstartable });
    expect(finished).toMatchObject({ verdict: { status: 'succeeded' }, live: live.deployment });
    expect(await deployments()).toEqual([]);
    expect(await docker.tags(releases())).toContain(`${releases()}:${aliasOf(live.release)}`);
    await reconcile({});
    await expect.poll(served).toBe('back');
  });

  test('reads from the proxy which of several unresolved deployments is live', async () => {
    if (live === null) throw new Error('no release is live');
    const before = { ...live, deployment: newId('dep') };
    const lost = { ...live, deployment: newId('dep') };
    const finished = await reconcile({ live: before, unresolved: [lost, live] });
    expect(finished.live).toBe(live.deployment);
    expect(await served()).toBe('back');
  });

  test('removes containers, gates and tags that belong to no deployment', async () => {
    const { docker, deps } = harness;
    const stray = newId('dep');
    const { id } = await harness.engine.createContainer({
      Image: 'busybox:latest',
      Cmd: ['sleep', '1000'],
      Labels: {
        'gantry.installation': harness.installation,
        'gantry.app': 'shop',
        'gantry.environment': 'production',
        'gantry.deployment': stray,
      },
    });
    await docker.start(id);
    onTestFinished(() => docker.remove(id));
    const proxy = deps.proxy(await ensureProxy(deps));
    const [container] = await docker.containers({ 'gantry.app': 'shop', 'gantry.release': live?.release ?? '' });
    await proxy.deploy({
      name: `gate-${aliasOf(newId('dep'))}`,
      hosts: ['x.invalid'],
      target: `${aliasOf(container?.labels['gantry.deployment'] ?? '')}:3000`,
      health_path: '/up',
      health_interval: 200,
      deploy_timeout: 5000,
      drain_timeout: 1000,
    });
    const kept = { release: newId('rel'), image_id: live?.image_id ?? '' };
    await reconcile({ keep: [kept] });
    expect(await docker.inspect(id)).toBeNull();
    await expect.poll(services).toHaveLength(1);
    const names = [kept.release, live?.release ?? ''].map((release) => `${releases()}:${aliasOf(release)}`);
    expect((await docker.tags(releases())).toSorted()).toEqual(names.toSorted());
  });
});
