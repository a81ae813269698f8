import type { ImageInspectInfo } from 'dockerode';
import { DockerError, type Image } from '../docker.ts';
import type { Engine } from '../engine/connection.ts';
import { awaitCall, awaitCallUnless } from '../engine/failure.ts';
import { parseReference } from './reference.ts';

export async function image(engine: Engine, reference: string): Promise<Image | null> {
  parseReference(reference);
  const call = engine.calls.getImage(reference).inspect();
  const found = await awaitCallUnless(`inspect image ${reference}`, [404], null, call);
  return found && toImage(found);
}

export async function tag(engine: Engine, name: string, reference: string): Promise<void> {
  parseReference(name);
  const { repository, tag } = parseReference(reference);
  if (tag === null) throw new DockerError('refused', `Cannot tag ${name} as ${reference}: a digest cannot be assigned`);
  await awaitCall(`tag ${name} as ${reference}`, engine.calls.getImage(name).tag({ repo: repository, tag }));
}

export async function untag(engine: Engine, reference: string): Promise<void> {
  parseReference(reference);
  // 409: a container uses it, and this is its last name.
  await awaitCallUnless(`untag ${reference}`, [404, 409], null, engine.calls.getImage(reference).remove());
}

export async function tags(engine: Engine, repository: string): Promise<string[]> {
  const filters = JSON.stringify({ reference: [`${repository}:*`] });
  const found = await awaitCall(`list images of ${repository}`, engine.calls.listImages({ filters }));
  return found.flatMap((one) => one.RepoTags ?? []).filter((name) => name.startsWith(`${repository}:`));
}

function toImage(info: Pick<ImageInspectInfo, 'Id' | 'RepoDigests' | 'RepoTags' | 'Size' | 'Config'>): Image {
  return {
    id: info.Id,
    digests: info.RepoDigests ?? [],
    tags: info.RepoTags ?? [],
    size: info.Size,
    labels: info.Config.Labels ?? {},
    user: info.Config.User ?? '',
  };
}
