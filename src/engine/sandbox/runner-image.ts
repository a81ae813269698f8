import type { Image, Watch } from '../../deps.ts';
import { hasCode } from '../../error.ts';
import type { EngineDeps } from '../engine-deps.ts';
import { UserError } from '../user-error.ts';
import { buildRunnerImage, isCurrent } from './runner-recipe.ts';

type Deps = Pick<EngineDeps, 'config' | 'docker' | 'locks'>;

/** The ID of the image mapped to `runs-on`, pulled if it is not on this host. The default image is built if it cannot be pulled. */
export async function runnerImage(deps: Deps, runs_on: string[], watch: Watch): Promise<string> {
  const image = mappedImage(deps.config.runner_images, runs_on);
  const present = await deps.docker.image(image);
  if (image !== DEFAULT) return (present ?? (await deps.docker.pull(image, watch))).id;
  if (present !== null) return (await refresh(deps, present, watch)).id;
  return (await pullOrBuild(deps, watch)).id;
}

const DEFAULT = 'gantry/runner';

function mappedImage(images: Record<string, string>, runs_on: string[]): string {
  const label = runs_on.find((one) => Object.hasOwn(images, one));
  if (label !== undefined) return images[label] as string;
  throw new UserError(
    `no image is mapped to runs-on \`${runs_on.join(', ')}\`; mapped are ${Object.keys(images).join(', ')} (GANTRY_RUNNER_IMAGES)`,
  );
}

/** Rebuilds an image that was built from another version of the recipe, as before an upgrade. */
async function refresh(deps: Deps, image: Image, watch: Watch): Promise<Image> {
  if (await isCurrent(deps, image)) return image;
  watch.progress(`The recipe of ${DEFAULT} has changed; rebuilding the image`);
  return buildRunnerImage(deps, DEFAULT, watch);
}

async function pullOrBuild(deps: Deps, watch: Watch) {
  try {
    return await deps.docker.pull(DEFAULT, watch);
  } catch (error) {
    watch.signal.throwIfAborted();
    if (hasCode(error, 'unreachable')) throw error;
    watch.progress(`${DEFAULT} cannot be pulled; building it from its recipe, once on this host`);
    return buildRunnerImage(deps, DEFAULT, watch);
  }
}
