import Docker from 'dockerode';

/** A container, network or volume with a `gantry.` label. */
export interface DockerObject {
  id: string;
  installation: string | undefined;
  description: string;
  /** Everything that the Engine returns about it, to search for a path. */
  details: string;
}

/** Null if no Engine responds. */
export async function listObjects(): Promise<DockerObject[] | null> {
  const docker = new Docker();
  try {
    await docker.ping();
  } catch {
    return null;
  }
  const [containers, networks, volumes] = await Promise.all([
    docker.listContainers({ all: true }),
    docker.listNetworks(),
    docker.listVolumes(),
  ]);
  return [
    ...containers.map((it) => describe('container', it.Id, it.Names.join(' ').replaceAll('/', ''), it.Labels, it)),
    ...networks.map((it) => describe('network', it.Id, it.Name, it.Labels, it)),
    ...volumes.Volumes.map((it) => describe('volume', it.Name, it.Name, it.Labels, it)),
  ].filter((object) => object !== null);
}

/** The objects that are new and whose installation had no objects before. */
export function findLeaks(before: DockerObject[] | null, now: DockerObject[] | null): DockerObject[] {
  if (before === null || now === null) return [];
  const ids = new Set(before.map((object) => object.id));
  const installations = new Set(before.map((object) => object.installation).filter((it) => it !== undefined));
  return now.filter(
    ({ id, installation }) => !ids.has(id) && !(installation !== undefined && installations.has(installation)),
  );
}

function describe(
  kind: string,
  id: string,
  name: string,
  labels: Record<string, string> | null | undefined,
  details: object,
): DockerObject | null {
  const ours = Object.entries(labels ?? {}).filter(([label]) => label.startsWith('gantry.'));
  if (ours.length === 0) return null;
  const list = ours.map(([label, value]) => `${label}=${value}`).join(' ');
  return {
    id: `${kind}/${id}`,
    installation: labels?.['gantry.installation'],
    description: `${kind} ${name} (${list})`,
    details: JSON.stringify(details),
  };
}
