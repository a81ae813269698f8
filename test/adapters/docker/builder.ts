import { PassThrough, pipeline } from 'node:stream';
import Dockerode from 'dockerode';
import { pack } from 'tar-stream';
import { onTestFinished } from 'vitest';
import type { BuildSpec, Image } from '../../../src/adapters/docker/docker.ts';
import { docker, never } from './test-engine.ts';

export const spec: BuildSpec = {
  context: new PassThrough(),
  dockerfile: 'Dockerfile',
  tags: [],
  labels: {},
  build_args: {},
  target: null,
  secrets: {},
  no_cache: false,
};

/** Builds an image, which is removed by its ID at the end of the test. */
export async function buildImage(changes: Partial<BuildSpec>, watch = watcher()): Promise<Image> {
  const image = await docker.build({ ...spec, ...changes }, watch);
  onTestFinished(async () => {
    for (const { id } of await docker.containers({})) await docker.remove(id);
    if (await docker.image(image.id)) await new Dockerode().getImage(image.id).remove({ force: true });
  });
  return image;
}

export function watcher(signal: AbortSignal = never) {
  const lines: string[] = [];
  const written: { stdout: Buffer[]; stderr: Buffer[] } = { stdout: [], stderr: [] };
  return {
    signal,
    lines,
    progress: (line: string) => void lines.push(line),
    output: (stream: 'stdout' | 'stderr', chunk: Buffer) => void written[stream].push(chunk),
    text: (stream: 'stdout' | 'stderr') => Buffer.concat(written[stream]).toString(),
  };
}

export function contextOf(dockerfile: string, files: Record<string, string> = {}): PassThrough {
  const tar = pack();
  for (const [name, content] of Object.entries({ ...files, Dockerfile: dockerfile })) tar.entry({ name }, content);
  tar.finalize();
  const context = new PassThrough();
  pipeline(tar, context, () => {});
  return context;
}
