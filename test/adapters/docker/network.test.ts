import Dockerode from 'dockerode';
import { expect, onTestFinished, test } from 'vitest';
import { networkBody } from '../../../src/adapters/docker/network.ts';
import { openDocker } from '../../../src/adapters/docker/open-docker.ts';
import { docker, installation, startContainer, unique } from './test-engine.ts';

const engine = new Dockerode();

test('The bridge is named after the network, so that the Engine creates it only once', () => {
  expect(networkBody({ name: 'gantry-jobs-i1', open: false, labels: { a: 'b' } }, 'i1')).toEqual({
    Name: 'gantry-jobs-i1',
    CheckDuplicate: true,
    Driver: 'bridge',
    Labels: { a: 'b', 'gantry.installation': 'i1' },
    Options: {
      'com.docker.network.bridge.name': expect.stringMatching(/^gy[0-9a-f]{12}$/),
      'com.docker.network.bridge.enable_icc': 'false',
    },
  });
});

test('Processes that create the same network at the same time get one network', async () => {
  const name = temporaryName();
  const processes = Array.from({ length: 6 }, () => openDocker({ host: null, installation }));
  const ids = await Promise.all(processes.map((one) => one.ensureNetwork({ name, open: true, labels: {} })));
  expect(new Set(ids).size).toBe(1);
  expect(await engine.listNetworks({ filters: { name: [name] } })).toHaveLength(1);
  expect(await docker.ensureNetwork({ name, open: true, labels: {} })).toBe(ids[0]);
});

test('A network of another installation with the same name is not used', async () => {
  const name = temporaryName();
  await docker.ensureNetwork({ name, open: true, labels: {} });
  const other = openDocker({ host: null, installation: `${installation}-other` });
  await expect(other.ensureNetwork({ name, open: true, labels: {} })).rejects.toMatchObject({ code: 'conflict' });
});

test('A container is reachable by its alias on a connected network; connecting twice is not an error', async () => {
  const name = temporaryName();
  await docker.ensureNetwork({ name, open: true, labels: {} });
  const alias = `dep-${unique()}`;
  const app = await startContainer({ network: name, aliases: [alias] });
  const home = temporaryName();
  await docker.ensureNetwork({ name: home, open: true, labels: {} });
  const client = await startContainer({ network: home });
  await docker.connect(client, name, ['client']);
  await docker.connect(client, name, ['client']);
  const address = (await docker.inspect(app))?.addresses[name];
  const { output } = await docker.capture(client, ['nslookup', alias]);
  expect(output).toContain(address);
  await expect(docker.connect(client, 'nosuch', [])).rejects.toMatchObject({ code: 'not_found' });
});

/** A name for a network. The network and this installation’s containers are removed at the end of the test. */
function temporaryName(): string {
  const name = `gantry-${installation}-${unique()}`;
  onTestFinished(async () => {
    for (const container of await docker.containers({})) await docker.remove(container.id);
    await engine.getNetwork(name).remove();
  });
  return name;
}
