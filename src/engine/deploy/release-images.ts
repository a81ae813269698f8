import type { DeployOrder, Reconciliation } from '../../jobs/deploy/deployment.ts';
import type { EngineDeps } from '../engine-deps.ts';
import { releaseImage, releaseRepository } from '../names.ts';

/** Kept releases have their names, the others lose theirs. */
export async function tidyImages(
  { docker, envelope: { installation } }: EngineDeps,
  wanted: Reconciliation,
  live: DeployOrder | null,
): Promise<void> {
  const { app, environment, keep } = wanted;
  const kept = [...keep, ...(live === null ? [] : [live])].map(({ release, image_id }) => ({
    name: releaseImage(installation, app, environment, release),
    image_id,
  }));
  const tags = await docker.tags(releaseRepository(installation, app, environment));
  for (const { name, image_id } of kept)
    if (!tags.includes(name) && (await docker.image(image_id)) !== null) await docker.tag(image_id, name);
  const names = new Set(kept.map(({ name }) => name));
  for (const name of tags.filter((tag) => !names.has(tag))) await docker.untag(name);
}
