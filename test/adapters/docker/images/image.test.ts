import { expect, onTestFinished, test } from 'vitest';
import { parseReference } from '../../../../src/adapters/docker/images/reference.ts';
import { docker, installation, never, unique } from '../test-engine.ts';

test.each([
  ['busybox', { repository: 'busybox', tag: 'latest', digest: null }],
  ['localhost:5000/a/b:v1', { repository: 'localhost:5000/a/b', tag: 'v1', digest: null }],
  ['ghcr.io/acme/shop@sha256:abc', { repository: 'ghcr.io/acme/shop', tag: null, digest: 'sha256:abc' }],
  ['sha256:abcdef', { repository: 'sha256', tag: 'abcdef', digest: null }],
])('The reference %s is parsed', (text, parts) => {
  expect(parseReference(text)).toEqual(parts);
});

test.each(['', '../containers/json', 'a b', 'x?force=1', 'a/../b', '-x'])('%j is not a reference', (text) => {
  expect(() => parseReference(text)).toThrow(/is not a valid image reference/);
});

test('An image is found by name and by ID; a missing one is null', async () => {
  const image = await docker.image('busybox:latest');
  expect(image).toMatchObject({
    id: expect.stringMatching(/^sha256:/),
    tags: expect.arrayContaining(['busybox:latest']),
  });
  expect(await docker.image(image?.id ?? '')).toEqual(image);
  expect(await docker.image('no/such:image')).toBeNull();
});

test('An image can be tagged and untagged several times', async () => {
  const repository = `gantry-release/${installation}/${unique()}`;
  onTestFinished(async () => {
    for (const name of await docker.tags(repository)) await docker.untag(name);
  });
  await docker.tag('busybox:latest', `${repository}:one`);
  await docker.tag('busybox:latest', `${repository}:two`);
  expect((await docker.tags(repository)).toSorted()).toEqual([`${repository}:one`, `${repository}:two`]);
  await docker.untag(`${repository}:one`);
  await docker.untag(`${repository}:one`);
  expect(await docker.tags(repository)).toEqual([`${repository}:two`]);
});

test('A local image is not pulled', async () => {
  const watch = { progress: () => expect.fail('it was pulled'), signal: never };
  expect((await docker.pull('busybox:latest', watch)).tags).toContain('busybox:latest');
});
