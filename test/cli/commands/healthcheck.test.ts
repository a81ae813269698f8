import { expect, test } from 'vitest';
import { isWorker } from '../../../src/cli/commands/healthcheck.ts';

test.each([
  ['gantry worker ', true],
  ['/sbin/docker-init -- /opt/gantry/bin/gantry worker --slots 4', true],
  ['node --import /opt/gantry/src/register.ts /opt/gantry/src/cli/main.ts worker', true],
  ['gantry server ', false],
  ['gantry up', false],
  ['/sbin/init', false],
])('The first process `%s` is a worker: %s', (line, expected) => {
  expect(isWorker(line)).toBe(expected);
});
