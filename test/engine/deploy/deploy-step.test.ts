import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { ensureProxy } from '../../../src/engine/deploy/proxy-container.ts';
import { reconcileEnvironment } from '../../../src/engine/deploy/reconcile.ts';
import { runJob } from '../../../src/engine/job/run-job.ts';
import { aliasOf } from '../../../src/engine/names.ts';
import type { DeployAnswer, DeployOrder, DeployRequest, Reconciliation } from '../../../src/jobs/deploy/deployment.ts';
import type { CloneSource } from '../../../src/jobs/protocol/grant.ts';
import { type GitServer, startGitServer } from '../../git-server.ts';
import { type Answers, jobOf, newId, openCourier, openWorkbench, type Workbench } from '../harness.ts';
import { keepAsking, openStream } from './traffic.ts';

const IMAGE = 'node:24-bookworm-slim';
const HOST = 'shop.example.com';

let bench: Workbench;
let server: GitServer;
let source: CloneSource;
/** As control would have it: what is live in the environment. */
let live: DeployOrder | null = null;

beforeAll(async () => {
  bench = await openWorkbench();
  server = await startGitServer();
  source = { id: newId('repo'), name: 'acme/shop', clone_url: await server.create('acme/shop'), token: null };
});

afterAll(async () => {
  const { docker } = bench;
  for (const tag of await docker.tags(releases())) await docker.untag(tag);
  const held = await docker.tags(`gantry-build/${bench.installation}/acme/shop`);
  await bench[Symbol.asyncDispose]();
  await server.end();
  expect(held, 'images are held only while a deployment is asked for').toEqual([]);
});

/** A server that says its version, streams on /events, and is healthy unless told otherwise. */
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
  heard?: (text: string) => void;
  release?: string;
}

async function deploy({ version, mode = 'well', timeout = '20s', answers = {}, signal, heard, release }: Wanted) {
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
  const reporter = openCourier(
    newId('att'),
    {
      deploy: (question): DeployAnswer => {
        order = orderOf(question.data, sha);
        return { go: 'start', order };
      },
      ready: () => ({ go: 'switch' }),
      ...answers,
    },
    heard,
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
  const finished = await runJob(bench.deps, grant, reporter, signal ?? new AbortController().signal);
  const settled = reporter.events.flatMap((event) => (event.type === 'settled' ? [event.data] : []));
  if (settled.some(({ status }) => status === 'live')) live = order;
  return { ...finished, reporter, settled, order: order as DeployOrder | null };
}

function orderOf(request: DeployRequest, sha: string): DeployOrder {
  if ('release' in request) throw new Error('this one is put back by its own test');
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
  };
}

function releases(): string {
  return `gantry-release/${bench.installation}/shop/production`;
}

async function port(): Promise<number> {
  const proxy = await bench.docker.inspect(await ensureProxy(bench.deps));
  return proxy?.published.find(({ container_port }) => container_port === 80)?.host_port ?? 0;
}

async function served(): Promise<string> {
  const { text } = await openStream(await port(), HOST, '/');
  return text;
}

async function deployments(): Promise<string[]> {
  const containers = await bench.docker.containers({ 'gantry.app': 'shop' });
  return containers.map(({ labels }) => labels['gantry.deployment'] ?? '').toSorted();
}

async function services(): Promise<string[]> {
  const proxy = bench.deps.proxy(await ensureProxy(bench.deps));
  return (await proxy.list()).map(({ name, target }) => `${name} ${target}`);
}

describe('A deployment', () => {
  test('brings the first release up and says where it is', async () => {
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
    expect(await bench.docker.tags(releases())).toHaveLength(1);
    expect(reporter.questions.map(({ type }) => type)).toEqual(['deploy', 'ready']);
  });

  test('switches without one failed request, an open stream included, and takes the old one away', async () => {
    const asking = keepAsking(await port(), HOST, 16);
    const stream = await openStream(await port(), HOST, '/events', false);
    const before = await deployments();
    const { verdict, order, reporter } = await deploy({ version: 'two' });
    await expect.poll(() => asking.answers.get('two') ?? 0).toBeGreaterThan(100);
    const { answers, failures } = await asking.end();
    expect(verdict.reason).toBeNull();
    expect(failures).toEqual([]);
    expect([...answers.keys()]).toEqual(['one', 'two']);
    expect(stream.text).toBe('data: one\n\n');
    expect(await deployments()).toEqual([order?.deployment]);
    expect(before).not.toContain(order?.deployment);
    expect(reporter.questions[1]).toMatchObject({ data: { relation: 'newer' } });
  });

  test('that never gets healthy fails with the end of its log, and the old one serves on', async () => {
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

  test('whose container ends fails at once, not at its timeout', async () => {
    const started = Date.now();
    const { verdict, reporter } = await deploy({ version: 'gone', mode: 'exit', timeout: '60s' });
    expect(verdict).toMatchObject({
      status: 'failed',
      reason: 'the new release ended with code 3 before it was healthy',
    });
    expect(reporter.lines()).toContain('1 stdout no database');
    expect(Date.now() - started).toBeLessThan(20_000);
  });

  test('that is cancelled in its gate is gone within seconds', async () => {
    const abort = new AbortController();
    let aborted = 0;
    const before = await deployments();
    const { verdict, settled } = await deploy({
      version: 'late',
      mode: 'sick',
      timeout: '60s',
      signal: abort.signal,
      heard: (text) => {
        if (!text.includes('waiting until')) return;
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

  test('that is cancelled as its traffic moves ends as the proxy says, and someone serves', async () => {
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

  test('that control does not want any more is withdrawn, and the job ends as control says', async () => {
    const before = await deployments();
    const { verdict, settled } = await deploy({
      version: 'older',
      answers: { ready: () => ({ go: 'stop', status: 'skipped', reason: 'a newer commit is live' }) },
    });
    expect(verdict).toEqual({ status: 'skipped', reason: 'a newer commit is live', exit_code: null });
    expect(settled).toMatchObject([{ status: 'skipped', reason: 'a newer commit is live' }]);
    expect(await deployments()).toEqual(before);
  });

  test('puts a kept release back by its id alone', async () => {
    if (live === null) throw new Error('nothing is live');
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

  test('fails and says so when the image of a kept release is gone', async () => {
    if (live === null) throw new Error('nothing is live');
    const order = { ...live, deployment: newId('dep'), image_id: `sha256:${'0'.repeat(64)}` };
    const { verdict, settled } = await deploy({
      version: 'ignored',
      release: order.release,
      answers: { deploy: () => ({ go: 'start', order }) },
    });
    expect(verdict.reason).toBe(`the image of release ${order.release} is not on this host any more`);
    expect(settled).toMatchObject([{ deployment: order.deployment, status: 'failed' }]);
    expect(await served()).toBe('back');
  });

  test('that is live already needs nothing more', async () => {
    const { verdict, outputs } = await deploy({
      version: 'x',
      answers: { deploy: () => ({ go: 'live', deployment: 'dep_1', release: 'rel_1', url: 'http://x' }) },
    });
    expect(verdict.status).toBe('succeeded');
    expect(outputs).toEqual({ release: 'rel_1', url: 'http://x' });
  });

  test('says what is wrong in gantry.yml, and where', async () => {
    const sha = await server.push('acme/shop', { 'gantry.yml': 'app: shop\nprocesses:\n  web:\n    prot: 3000\n' });
    const reporter = openCourier(newId('att'));
    const grant = jobOf([{ uses: 'gantry/deploy@v1', with: { image: IMAGE } }], {
      source,
      sha,
      ref: 'refs/heads/main',
    });
    const { verdict } = await runJob(bench.deps, grant, reporter, new AbortController().signal);
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
    bench.deps,
    { subject: 'environment', reconciliation },
    openCourier(newId('att')),
    signal,
  );
}

describe('An environment', () => {
  test('that is as it should be stays so', async () => {
    const before = await bench.docker.containers({ 'gantry.app': 'shop' });
    const finished = await reconcile({});
    expect(finished.verdict.reason).toBeNull();
    expect(finished.live).toBe(live?.deployment);
    expect((await bench.docker.containers({ 'gantry.app': 'shop' })).map(({ id }) => id)).toEqual(
      before.map(({ id }) => id),
    );
  });

  test('serves again after the proxy lost its state, or the container is gone', async () => {
    const proxy = bench.deps.proxy(await ensureProxy(bench.deps));
    await proxy.remove('shop-production');
    expect((await reconcile({})).verdict.reason).toBeNull();
    expect(await served()).toBe('back');
    const [container] = await bench.docker.containers({ 'gantry.app': 'shop' });
    await bench.docker.remove(container?.id ?? '');
    expect((await reconcile({})).live).toBe(live?.deployment);
    await expect.poll(served).toBe('back');
  });

  test('finds out which deployment got through when nobody saw its end', async () => {
    if (live === null) throw new Error('nothing is live');
    const before = { ...live, deployment: newId('dep') };
    const lost = { ...live, deployment: newId('dep') };
    const finished = await reconcile({ live: before, unresolved: [lost, live] });
    expect(finished.live).toBe(live.deployment);
    expect(await served()).toBe('back');
  });

  test('loses what nobody owns: containers, gates and names of images', async () => {
    const { docker, deps } = bench;
    const stray = newId('dep');
    const { id } = await bench.engine.createContainer({
      Image: 'busybox:latest',
      Cmd: ['sleep', '1000'],
      Labels: {
        'gantry.installation': bench.installation,
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

describe('The proxy', () => {
  test('is one, however many ask for it at once, and is found and started again', async () => {
    const [first, second] = await Promise.all([ensureProxy(bench.deps), ensureProxy(bench.deps)]);
    expect(first).toBe(second);
    await bench.docker.stop(first, 1000);
    expect(await Promise.all([ensureProxy(bench.deps), ensureProxy(bench.deps)])).toEqual([first, first]);
  });

  test('says which variable to set when its port is taken', async () => {
    await using other = await openWorkbench({ GANTRY_PROXY_HTTP_PORT: String(await port()) });
    await expect(ensureProxy(other.deps)).rejects.toThrow(/GANTRY_PROXY_HTTP_PORT/);
    expect(await other.docker.containers({})).toEqual([]);
  });

  test('is made once when many find none', async () => {
    await using other = await openWorkbench();
    const ids = await Promise.all([1, 2, 3].map(() => ensureProxy(other.deps)));
    expect(new Set(ids).size).toBe(1);
    expect(await other.docker.containers({ 'gantry.proxy': 'true' })).toHaveLength(1);
  });
});
