import { expect, test } from 'vitest';
import { engineAddress, negotiate } from '../../../../src/adapters/docker/engine/connection.ts';
import { openDocker } from '../../../../src/adapters/docker/open-docker.ts';
import { docker, installation } from '../test-engine.ts';

test.each([
  [null, { socketPath: '/var/run/docker.sock' }],
  ['unix:///run/user/1000/docker.sock', { socketPath: '/run/user/1000/docker.sock' }],
  ['tcp://10.0.0.5:2376', { host: '10.0.0.5', port: 2376 }],
  ['tcp://[::1]', { host: '::1', port: 2375 }],
])('DOCKER_HOST %s is accepted', (host, address) => {
  expect(engineAddress(host)).toEqual(address);
});

test.each(['ssh://host', 'docker', 'tcp://'])('DOCKER_HOST %s is refused with valid examples', (host) => {
  expect(() => engineAddress(host)).toThrow(/Invalid DOCKER_HOST .*: use unix:/);
});

test('The API version is 1.41, or the oldest that a newer Engine supports', () => {
  expect(negotiate('1.41', '1.12')).toBe('1.41');
  expect(negotiate('1.50', '1.24')).toBe('1.41');
  expect(negotiate('1.52', '1.44')).toBe('1.44');
  expect(() => negotiate('1.40', '1.12')).toThrow(/20\.10 or newer/);
});

test('The Engine reports its version', async () => {
  expect(await docker.version()).toEqual({
    version: expect.stringMatching(/^\d+\./),
    api_version: expect.stringMatching(/^1\.\d+$/),
    root_dir: expect.stringMatching(/^\//),
  });
});

test.each(['unix:///nowhere/docker.sock', 'tcp://127.0.0.1:1'])(
  'The error for a missing Engine at %s names what to check',
  async (host) => {
    await expect(openDocker({ host, installation }).version()).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/the Docker Engine is unreachable .* running .* DOCKER_HOST/),
    });
  },
);
