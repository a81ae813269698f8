import { randomBytes } from 'node:crypto';
import Dockerode from 'dockerode';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import type { ContainerSpec } from '../../../src/adapters/docker/docker.ts';
import { openProxy } from '../../../src/adapters/proxy/open-proxy.ts';
import type { ServiceSpec } from '../../../src/adapters/proxy/proxy.ts';
import { containerSpec, docker, installation } from '../docker/test-engine.ts';

const name = `gantry-proxy-${installation}`;
const proxy = openProxy((argv) => docker.capture(name, argv));

beforeAll(async () => {
  await docker.ensureNetwork({ name, open: true, labels: {} });
  await started({ name, image: 'basecamp/kamal-proxy:v0.9.2', command: null, privileges: 'proxy' });
  for (const target of ['one', 'two'])
    await started({ name: `gantry-${target}-${installation}`, command: ['sh', '-c', SITE, target], aliases: [target] });
  await vi.waitFor(() => proxy.list(), 10_000);
});

afterAll(async () => {
  for (const { id } of await docker.containers({})) await docker.remove(id);
  await new Dockerode().getNetwork(name).remove();
});

test('A service is deployed, listed, switched to another target and removed', async () => {
  const service = spec({ hosts: ['a.example.com', 'b.example.com'], target: 'one:3000' });
  await proxy.deploy(service);
  const listed = { name: service.name, hosts: service.hosts, target: 'one:3000', state: 'running' };
  expect(await proxy.list()).toEqual([listed]);
  expect(await get('b.example.com')).toContain('one');
  await proxy.deploy({ ...service, target: 'two:3000', hosts: ['a.example.com'] });
  expect(await proxy.list()).toEqual([{ ...listed, target: 'two:3000', hosts: ['a.example.com'] }]);
  expect(await get('a.example.com')).toContain('two');
  await proxy.remove(service.name);
  expect(await proxy.list()).toEqual([]);
  await proxy.remove(service.name);
});

test('When a target does not become healthy in time, the previous one keeps serving', async () => {
  const service = spec({ target: 'one:3000' });
  await proxy.deploy(service);
  const sick = proxy.deploy({ ...service, target: 'two:3000', health_path: '/nowhere', deploy_timeout: 500 });
  await expect(sick).rejects.toMatchObject({ code: 'unhealthy', message: expect.stringContaining('two:3000') });
  expect(await proxy.list()).toMatchObject([{ name: service.name, target: 'one:3000' }]);
});

test('A host of another service is refused', async () => {
  await proxy.deploy(spec({ hosts: ['taken.example.com'] }));
  const second = proxy.deploy(spec({ hosts: ['free.example.com', 'taken.example.com'] }));
  await expect(second).rejects.toMatchObject({ code: 'conflict' });
});

test('An invalid target is an error', async () => {
  await expect(proxy.deploy(spec({ target: 'a b' }))).rejects.toMatchObject({ code: 'failed' });
});

test('A stopped proxy is an error, not an empty list', async () => {
  const stopped = openProxy(() =>
    Promise.resolve({ exit_code: 1, output: 'Error: dial unix /tmp/x.sock: no such file\n' }),
  );
  await expect(stopped.list()).rejects.toMatchObject({ code: 'failed', message: expect.stringContaining('dial unix') });
});

const SITE = 'mkdir /www; echo "$0" > /www/index.html; exec httpd -f -p 3000 -h /www';

function spec(changes: Partial<ServiceSpec>): ServiceSpec {
  const service = `shop-${randomBytes(4).toString('hex')}`;
  onTestFinished(() => proxy.remove(service));
  return {
    name: service,
    hosts: [`${service}.example.com`],
    target: 'one:3000',
    health_path: '/',
    health_interval: 50,
    deploy_timeout: 10_000,
    drain_timeout: 1_000,
    ...changes,
  };
}

async function started(changes: Partial<ContainerSpec>): Promise<void> {
  await docker.start(await docker.create({ ...containerSpec, network: name, ...changes }));
}

/** Requests a page as a client on the proxy's network. */
async function get(host: string): Promise<string> {
  const argv = ['wget', '-q', '-O', '-', '--header', `Host: ${host}`, `http://${name}/`];
  return (await docker.capture(`gantry-one-${installation}`, argv)).output;
}
