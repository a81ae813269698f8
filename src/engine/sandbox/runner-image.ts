import type { Image, Watch } from '../../deps.ts';
import { hasCode } from '../../error.ts';
import type { EngineDeps } from '../engine-deps.ts';
import { UserError } from '../user-error.ts';
import { buildRunnerImage, isCurrent } from './runner-recipe.ts';

/** The image that a job's `runs-on` means, here and ready; resolves to its id. The default one is built when it cannot be pulled. */
export async function runnerImage(deps: EngineDeps, runs_on: string[], watch: Watch): Promise<string> {
  const image = mappedImage(deps.config.runner_images, runs_on);
  const here = await deps.docker.image(image);
  if (image !== DEFAULT) return (here ?? (await deps.docker.pull(image, watch))).id;
  if (here !== null) return (await refreshed(deps, here, watch)).id;
  return (await pullOrBuild(deps, watch)).id;
}

const DEFAULT = 'gantry/runner';

function mappedImage(images: Record<string, string>, runs_on: string[]): string {
  const label = runs_on.find((one) => Object.hasOwn(images, one));
  if (label !== undefined) return images[label] as string;
  throw new UserError(
    `no image is mapped to runs-on \`${runs_on.join(', ')}\`; there are ${Object.keys(images).join(', ')} (GANTRY_RUNNER_IMAGES)`,
  );
}

/** One that we built of another recipe, as before an upgrade, is built anew. */
async function refreshed(deps: EngineDeps, image: Image, watch: Watch): Promise<Image> {
  if (await isCurrent(deps, image)) return image;
  watch.progress(`The recipe of ${DEFAULT} has changed; building it anew`);
  return buildRunnerImage(deps, DEFAULT, watch);
}

async function pullOrBuild(deps: EngineDeps, watch: Watch) {
  try {
    return await deps.docker.pull(DEFAULT, watch);
  } catch (error) {
    watch.signal.throwIfAborted();
    if (hasCode(error, 'unreachable')) throw error;
    watch.progress(`${DEFAULT} cannot be pulled; building it from its recipe, once on this host`);
    return buildRunnerImage(deps, DEFAULT, watch);
  }
}
