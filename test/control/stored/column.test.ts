import { pino } from 'pino';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { column, showReadable, type Upgrade, unchanged } from '../../../src/control/stored/column.ts';
import { appConfig, jobSpec } from '../../../src/control/stored/columns.ts';
import { AppConfig } from '../../../src/jobs/deploy/app-config.ts';
import { PlannedJob } from '../../../src/jobs/run/plan.ts';
import { job } from '../plans.ts';

const config: AppConfig = {
  app: 'shop',
  environment: 'production',
  env: {},
  secrets: [],
  processes: {
    web: {
      command: null,
      port: 3000,
      hosts: [],
      health: { path: '/up', interval: 1, timeout: 1 },
      stop_grace: 0,
      cpus: null,
      memory: null,
    },
  },
};

const addServices: Upgrade = (value) => ({ ...(value as object), services: [] });

it('reads what it wrote', () => {
  const spec = job('test');
  expect(jobSpec.read({ id: 'job_1', spec: jobSpec.write(spec) })).toEqual(spec);
});

it('reads a text without a version as version 0', () => {
  expect(appConfig.read({ id: 'rel_1', config: JSON.stringify(config) })).toEqual(config);
  const pair = column(['t', 'c', 'id'], z.record(z.string(), z.string()));
  expect(pair.read({ id: 1, c: '{"v":"1","value":"x"}' })).toEqual({ v: '1', value: 'x' });
});

it('drops keys that it does not know', () => {
  const text = JSON.stringify({ v: 1, value: { ...config, later: true } });
  expect(appConfig.read({ id: 'rel_1', config: text })).toEqual(config);
});

it('upgrades a planned job and an app configuration that lack a field of a later version', () => {
  const services = z.array(z.string());
  const laterSpec = column(['jobs', 'spec', 'id'], PlannedJob.extend({ services }), [unchanged, addServices]);
  const laterConfig = column(['releases', 'config', 'id'], AppConfig.extend({ services }), [unchanged, addServices]);
  const spec = job('test');
  for (const text of [JSON.stringify(spec), jobSpec.write(spec)])
    expect(laterSpec.read({ id: 'job_1', spec: text })).toEqual({ ...spec, services: [] });
  for (const text of [JSON.stringify(config), appConfig.write(config)])
    expect(laterConfig.read({ id: 'rel_1', config: text })).toEqual({ ...config, services: [] });
  const written = laterSpec.write({ ...spec, services: ['db'] });
  expect(laterSpec.read({ id: 'job_1', spec: written }).services).toEqual(['db']);
});

it.each([
  ['invalid JSON', '{'],
  ['a value that the schema rejects', '{"v":1,"value":{}}'],
  ['a newer version', '{"v":99,"value":{}}'],
  ['null', null],
])('names table, column and row of a text that it cannot read: %s', (_, spec) => {
  expect(() => jobSpec.read({ id: 'job_7', spec })).toThrow(
    expect.objectContaining({ code: 'stored_json', table: 'jobs', column: 'spec', row: 'job_7' }),
  );
});

it('reads null where a column is optional', () => {
  expect(jobSpec.readOptional({ id: 'job_7', spec: null })).toBeNull();
});

it('leaves unreadable rows out of a list, and logs them', () => {
  const lines: string[] = [];
  const log = pino({ level: 'error' }, { write: (line) => void lines.push(line) });
  const rows = [
    { id: 'job_1', spec: '{' },
    { id: 'job_2', spec: jobSpec.write(job('test')) },
  ];
  expect(showReadable(rows, (row) => jobSpec.read(row).name, log)).toEqual(['test']);
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ table: 'jobs', column: 'spec', row: 'job_1' }]);
  expect(() => showReadable(rows, throwOtherError, log)).toThrow('another error');
});

function throwOtherError(): never {
  throw new Error('another error');
}
