import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { pack } from 'tar-stream';
import type { Image, Watch } from '../deps.ts';
import { locked } from './lock.ts';
import type { Machine } from './machine.ts';

/** Builds the default job image from the shipped recipe; worker processes of this host do so one at a time, and only the first. */
export async function buildRunnerImage(machine: Machine, name: string, watch: Watch): Promise<Image> {
  await mkdir(machine.config.work_dir, { recursive: true });
  return locked(join(machine.config.work_dir, 'runner-image.lock'), watch.signal, async () => {
    const made = await machine.docker.image(name);
    return made ?? build(machine, name, watch).catch((error: unknown) => fail(name, error, watch));
  });
}

async function build(machine: Machine, name: string, watch: Watch): Promise<Image> {
  const recipe = join(machine.config.pipelines_dir, 'runner');
  const image = await machine.docker.build(
    {
      context: await contextOf(recipe),
      dockerfile: 'Dockerfile',
      tags: [name],
      labels: {},
      build_args: machine.config.proxy_env,
      target: null,
      secrets: await caSecret(machine),
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
  const why = error instanceof Error ? error.message : String(error);
  throw new Error(
    `the image ${name} cannot be built from its recipe; set GANTRY_RUNNER_IMAGES to use another. ${why}`,
    {
      cause: error,
    },
  );
}

/** The extra certificate authorities: builds take no mounts. */
export async function caSecret({ config }: Machine): Promise<Record<string, Buffer>> {
  return config.ca_file === null ? {} : { 'gantry-ca': await readFile(config.ca_file) };
}

async function contextOf(folder: string): Promise<NodeJS.ReadableStream> {
  const tar = pack();
  for (const name of await readdir(folder)) tar.entry({ name }, await readFile(join(folder, name)));
  tar.finalize();
  return tar.pipe(new PassThrough());
}
