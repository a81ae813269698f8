import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pack } from 'tar-stream';
import type { Image, Watch } from '../../deps.ts';
import { messageOf } from '../../error.ts';
import type { EngineDeps } from '../engine-deps.ts';

/** Builds the default job image from the shipped recipe; worker processes of this host do so one at a time, and only the first. */
export async function buildRunnerImage(deps: EngineDeps, name: string, watch: Watch): Promise<Image> {
  await mkdir(deps.config.work_dir, { recursive: true });
  return deps.locks.whileLocked(join(deps.config.work_dir, 'runner-image.lock'), watch.signal, async () => {
    const recipe = await readRecipe(deps);
    const made = await deps.docker.image(name);
    if (made !== null && isOf(made, recipe)) return made;
    const image = await build(deps, name, recipe, watch).catch((error: unknown) => fail(name, error, watch));
    // Its name has moved on; what still uses it keeps it.
    if (made !== null && made.id !== image.id) await deps.docker.untag(made.id);
    return image;
  });
}

/** Whether an image can stay what it is: one without our label is someone's own, whatever its name. */
export async function isCurrent(deps: EngineDeps, image: Image): Promise<boolean> {
  return isOf(image, await readRecipe(deps));
}

/** On an image that was built of a recipe: the recipe's hash. */
const LABEL = 'gantry.recipe';

interface Recipe {
  files: { name: string; content: Buffer }[];
  hash: string;
}

function isOf(image: Image, { hash }: Recipe): boolean {
  const made_of = image.labels[LABEL];
  return made_of === undefined || made_of === hash;
}

async function readRecipe({ config }: EngineDeps): Promise<Recipe> {
  const folder = join(config.pipelines_dir, 'runner');
  const names = (await readdir(folder)).toSorted();
  const files = await Promise.all(names.map(async (name) => ({ name, content: await readFile(join(folder, name)) })));
  const hash = createHash('sha256');
  for (const { name, content } of files) hash.update(`${name} ${content.length}\n`).update(content);
  return { files, hash: hash.digest('hex') };
}

async function build(deps: EngineDeps, name: string, recipe: Recipe, watch: Watch): Promise<Image> {
  const image = await deps.docker.build(
    {
      context: contextOf(recipe),
      dockerfile: 'Dockerfile',
      tags: [name],
      labels: { [LABEL]: recipe.hash },
      build_args: deps.config.proxy_env,
      target: null,
      secrets: await caSecret(deps),
      no_cache: false,
    },
    { ...watch, output: () => {} },
  );
  watch.progress(`${name} is built`);
  return image;
}

/** No user's recipe failed here, so it is an error of ours. */
function fail(name: string, error: unknown, { signal }: Watch): never {
  signal.throwIfAborted();
  const why = messageOf(error);
  throw new Error(
    `the image ${name} cannot be built from its recipe; set GANTRY_RUNNER_IMAGES to use another. ${why}`,
    {
      cause: error,
    },
  );
}

/** The extra certificate authorities: builds take no mounts. */
export async function caSecret({ config }: EngineDeps): Promise<Record<string, Buffer>> {
  return config.ca_file === null ? {} : { 'gantry-ca': await readFile(config.ca_file) };
}

function contextOf({ files }: Recipe): Readable {
  const tar = pack();
  for (const { name, content } of files) tar.entry({ name }, content);
  tar.finalize();
  // A build that is given up ends the tar too, and nobody is left to hear of it.
  return Readable.from(tar, { objectMode: false });
}
