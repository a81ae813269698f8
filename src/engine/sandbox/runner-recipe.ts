import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pack } from 'tar-stream';
import type { Image, Watch } from '../../deps.ts';
import { CodedError, messageOf } from '../../error.ts';
import type { EngineDeps } from '../engine-deps.ts';
import { caSecret } from './outbound-access.ts';

type Deps = Pick<EngineDeps, 'config' | 'docker' | 'locks'>;

/** Builds the default job image from the shipped recipe. Only one worker process on this host builds it; the others wait. */
export async function buildRunnerImage(deps: Deps, name: string, watch: Watch): Promise<Image> {
  await mkdir(deps.config.work_dir, { recursive: true });
  return deps.locks.whileLocked(join(deps.config.work_dir, 'runner-image.lock'), watch.signal, async () => {
    const recipe = await readRecipe(deps);
    const present = await deps.docker.image(name);
    if (present !== null && matches(present, recipe)) return present;
    const image = await build(deps, name, recipe, watch).catch((error: unknown) => fail(name, error, watch));
    // The name has moved to the new image; containers that use the old one keep it.
    if (present !== null && present.id !== image.id) await deps.docker.untag(present.id);
    return image;
  });
}

/** Whether an image needs no rebuild. An image without the label was not built from a recipe and is left alone. */
export async function isCurrent(deps: Deps, image: Image): Promise<boolean> {
  return matches(image, await readRecipe(deps));
}

/** The hash of the recipe that an image was built from. */
const LABEL = 'gantry.recipe';

interface Recipe {
  files: { name: string; content: Buffer }[];
  hash: string;
}

function matches(image: Image, { hash }: Recipe): boolean {
  const built_from = image.labels[LABEL];
  return built_from === undefined || built_from === hash;
}

async function readRecipe({ config }: Deps): Promise<Recipe> {
  const folder = join(config.pipelines_dir, 'runner');
  const names = (await readdir(folder)).toSorted();
  const files = await Promise.all(names.map(async (name) => ({ name, content: await readFile(join(folder, name)) })));
  const hash = createHash('sha256');
  for (const { name, content } of files) hash.update(`${name} ${content.length}\n`).update(content);
  return { files, hash: hash.digest('hex') };
}

async function build(deps: Deps, name: string, recipe: Recipe, watch: Watch): Promise<Image> {
  const image = await deps.docker.build(
    {
      context: contextOf(recipe),
      dockerfile: 'Dockerfile',
      tags: [name],
      labels: { [LABEL]: recipe.hash },
      build_args: deps.config.proxy_env,
      target: null,
      secrets: await caSecret(deps.config),
      no_cache: false,
    },
    { ...watch, output: () => {} },
  );
  watch.progress(`${name} is built`);
  return image;
}

/** The recipe is Gantry's, so its failure is not the user's fault. */
function fail(name: string, error: unknown, { signal }: Watch): never {
  signal.throwIfAborted();
  throw new CodedError(
    'runner_image_failed',
    `the image ${name} cannot be built from its recipe; set GANTRY_RUNNER_IMAGES to use another. ${messageOf(error)}`,
    { cause: error },
  );
}

function contextOf({ files }: Recipe): Readable {
  const tar = pack();
  for (const { name, content } of files) tar.entry({ name }, content);
  tar.finalize();
  // Wrapped, because the error of an aborted build would otherwise be unhandled in the tar stream.
  return Readable.from(tar, { objectMode: false });
}
