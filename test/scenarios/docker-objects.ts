import Dockerode from 'dockerode';

const engine = new Dockerode();

/** The Docker objects of an installation. */
export interface DockerObjects {
  /** Containers of deployed apps: `app environment`. */
  apps: string[];
  /** Containers of jobs: the job ids. */
  jobs: string[];
  /** Names of all other containers, networks and volumes, except the proxy and the shared networks. */
  strays: string[];
}

export async function listDockerObjects(installation: string): Promise<DockerObjects> {
  const { containers, networks, volumes } = await listAll(installation);
  const expected = [`gantry-${installation}`, `gantry-jobs-${installation}`, `gantry-proxy-${installation}`];
  const apps = containers.filter(({ labels }) => labels['gantry.app'] !== undefined);
  const jobs = containers.filter(({ labels }) => labels['gantry.job'] !== undefined);
  const others = containers.filter((it) => it.state !== 'running' || !apps.includes(it)).map(({ name }) => name);
  return {
    apps: apps.map(({ labels }) => `${labels['gantry.app']} ${labels['gantry.environment']}`).toSorted(),
    jobs: jobs.map(({ labels }) => labels['gantry.job'] ?? '').toSorted(),
    strays: [...others, ...networks, ...volumes].filter((name) => !expected.includes(name)),
  };
}

/** Also removes the image tags that are kept for rollbacks and later jobs. */
export async function removeDockerObjects(installation: string): Promise<void> {
  const { containers, networks, volumes } = await listAll(installation);
  for (const { id } of containers) await engine.getContainer(id).remove({ force: true, v: true });
  for (const name of networks) await engine.getNetwork(name).remove();
  for (const name of volumes) await engine.getVolume(name).remove();
  const images = await engine.listImages();
  for (const tag of images.flatMap(({ RepoTags }) => RepoTags ?? []))
    if (tag.startsWith(`gantry-build/${installation}/`) || tag.startsWith(`gantry-release/${installation}/`))
      await engine.getImage(tag).remove();
}

async function listAll(installation: string) {
  const filters = { label: [`gantry.installation=${installation}`] };
  const [containers, networks, { Volumes }] = await Promise.all([
    engine.listContainers({ all: true, filters }),
    engine.listNetworks({ filters }),
    engine.listVolumes({ filters }),
  ]);
  return {
    containers: containers.map(({ Id, Names, Labels, State }) => ({
      id: Id,
      name: (Names[0] ?? Id).replace('/', ''),
      labels: Labels,
      state: State,
    })),
    networks: networks.map(({ Name }) => Name),
    volumes: Volumes.map(({ Name }) => Name),
  };
}

/** The image ID that the container of this deployment runs. */
export async function imageOf(deployment: string): Promise<string | null> {
  const filters = { label: [`gantry.deployment=${deployment}`] };
  const [container] = await engine.listContainers({ filters });
  return container?.ImageID ?? null;
}
