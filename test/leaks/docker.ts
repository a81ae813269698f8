import Docker from 'dockerode';

/** A container, network or volume with a label of ours. */
export interface DockerObject {
  id: string;
  installation: string | undefined;
  words: string;
  /** All that the Engine tells of it, to look for a path in. */
  details: string;
}

/** Null when no Engine answers. */
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

/** What is there now, was not before, and belongs to no installation that was there before. */
export function findOurs(before: DockerObject[] | null, now: DockerObject[] | null): DockerObject[] {
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
  const told = ours.map(([label, value]) => `${label}=${value}`).join(' ');
  return {
    id: `${kind}/${id}`,
    installation: labels?.['gantry.installation'],
    words: `${kind} ${name} (${told})`,
    details: JSON.stringify(details),
  };
}
