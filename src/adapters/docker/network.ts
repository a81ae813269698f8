import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { NetworkCreateOptions, NetworkInspectInfo } from 'dockerode';
import { DockerError, type Network, type NetworkSpec } from './docker.ts';
import type { Engine } from './engine/connection.ts';
import { awaitCall, awaitCallUnless } from './engine/failure.ts';

/** Returns the network's ID. Throws `DockerError` `conflict` when a network of another installation has the name. */
export async function ensureNetwork(engine: Engine, spec: NetworkSpec): Promise<string> {
  for (const end = Date.now() + CREATION_TIMEOUT; ; await delay(50)) {
    const found = await findByName(engine, spec.name);
    const own = found.find(({ Labels }) => Labels?.['gantry.installation'] === engine.installation);
    if (own) return own.Id;
    if (found.length > 0)
      throw new DockerError(
        'conflict',
        `Cannot create network ${spec.name}: a network of another installation has this name`,
      );
    const call = engine.calls.createNetwork(networkBody(spec, engine.installation));
    // 403: another process is creating the network and already has the bridge's name.
    const created = await awaitCallUnless(
      `create network ${spec.name}`,
      Date.now() < end ? [403, 409] : [],
      null,
      call,
    );
    if (created) return created.id;
  }
}

/** The Engine allows two networks with the same name, but not with the same bridge. Naming the bridge after the network makes it unique. */
export function networkBody(spec: NetworkSpec, installation: string): NetworkCreateOptions {
  const digest = createHash('sha256').update(spec.name).digest('hex');
  return {
    Name: spec.name,
    CheckDuplicate: true,
    Driver: 'bridge',
    Labels: { ...spec.labels, 'gantry.installation': installation },
    ...(spec.subnet === undefined ? {} : { IPAM: { Config: [{ Subnet: spec.subnet }] } }),
    Options: {
      'com.docker.network.bridge.name': `gy${digest.slice(0, 12)}`,
      'com.docker.network.bridge.enable_icc': String(spec.open),
    },
  };
}

export async function networks(engine: Engine, labels: Record<string, string>): Promise<Network[]> {
  const wanted = Object.entries({ ...labels, 'gantry.installation': engine.installation });
  const filters = { label: wanted.map(([name, value]) => `${name}=${value}`) };
  const listed = await awaitCall('list networks', engine.calls.listNetworks({ filters }));
  return listed.map(({ Id, Name, Labels }) => ({ id: Id, name: Name, labels: Labels ?? {} }));
}

export async function removeNetwork(engine: Engine, network: string): Promise<void> {
  const operation = `remove network ${network}`;
  const handle = engine.calls.getNetwork(network);
  const found: NetworkInspectInfo | null = await awaitCallUnless(operation, [404], null, handle.inspect());
  if (found === null) return;
  if (found.Labels?.['gantry.installation'] !== engine.installation)
    throw new DockerError('refused', `Cannot ${operation}: it belongs to another installation`);
  await awaitCallUnless(operation, [404], null, handle.remove());
}

/** A connected container is left as it is. */
export async function connect(engine: Engine, container: string, network: string, aliases: string[]): Promise<void> {
  const body = { Container: container, EndpointConfig: { Aliases: aliases } };
  const operation = `connect container ${container} to network ${network}`;
  if (await isConnected(engine, container, network)) return;
  await awaitCall(operation, engine.calls.getNetwork(network).connect(body));
}

export async function ensureVolume(engine: Engine, name: string): Promise<void> {
  const body = { Name: name, Labels: { 'gantry.installation': engine.installation } };
  await awaitCall(`create volume ${name}`, engine.calls.createVolume(body));
}

const CREATION_TIMEOUT = 10_000;

async function findByName(engine: Engine, name: string): Promise<NetworkInspectInfo[]> {
  const filters = { name: [name] };
  const listed = await awaitCall('list networks', engine.calls.listNetworks({ filters }));
  return listed.filter((one) => one.Name === name);
}

async function isConnected(engine: Engine, container: string, network: string): Promise<boolean> {
  const operation = `inspect container ${container}`;
  const { NetworkSettings } = await awaitCall(operation, engine.calls.getContainer(container).inspect());
  return Object.entries(NetworkSettings.Networks ?? {}).some(
    ([name, { NetworkID }]) => name === network || NetworkID === network,
  );
}
