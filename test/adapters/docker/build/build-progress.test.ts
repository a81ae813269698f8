import { expect, test } from 'vitest';
import { failureRecord } from '../../../../src/adapters/docker/build/build-failure.ts';
import { buildProgress, shortName } from '../../../../src/adapters/docker/build/build-progress.ts';
import { type BuildStatus, decodeStatus } from '../../../../src/adapters/docker/build/build-status.ts';
import { BuildError, DockerError } from '../../../../src/adapters/docker/docker.ts';

test('Each step is reported once at its start and once at its end, although BuildKit repeats itself', () => {
  const progress = buildProgress();
  const step = vertex({ name: '[build 2/3] RUN npm ci', started: 1_000 });
  expect(progress(status({ vertexes: [{ ...step, started: null }] }))).toEqual([]);
  expect(progress(status({ vertexes: [step] }))).toEqual(['[build 2/3] RUN npm ci']);
  expect(progress(status({ vertexes: [step] }))).toEqual([]);
  expect(progress(status({ vertexes: [{ ...step, completed: 5_230 }] }))).toEqual(['[build 2/3] done in 4.2s']);
  expect(progress(status({ vertexes: [{ ...step, completed: 5_230 }] }))).toEqual([]);
});

test('A cached step is one line', () => {
  const cached = vertex({ name: '[2/3] RUN npm ci', started: 1, completed: 2, cached: true });
  expect(buildProgress()(status({ vertexes: [cached] }))).toEqual(['[2/3] CACHED RUN npm ci']);
});

test('Internal steps of BuildKit are reported only when they are slow or fail', () => {
  const name = '[internal] load metadata for docker.io/library/node:24';
  const lines = (changes: Partial<Vertex>) =>
    buildProgress()(status({ vertexes: [vertex({ name, started: 0, ...changes })] }));
  expect(lines({ completed: 100 })).toEqual([]);
  expect(lines({ completed: 3_000 })).toEqual(['load metadata for docker.io/library/node:24 done in 3.0s']);
  expect(lines({ completed: 9, error: 'no' })).toEqual(['load metadata for docker.io/library/node:24 ERROR: no']);
});

test('A failed step is reported with its error, a step cancelled by it as cancelled', () => {
  const progress = buildProgress();
  expect(
    progress(
      status({
        vertexes: [
          vertex({ digest: 'a', name: '[a 1/1] RUN false', started: 0, completed: 1, error: 'exit code: 1' }),
          vertex({ digest: 'b', name: '[b 1/1] RUN sleep 9', started: 0, completed: 1, error: 'context canceled' }),
        ],
      }),
    ),
  ).toEqual(['[a 1/1] RUN false', '[a 1/1] ERROR: exit code: 1', '[b 1/1] RUN sleep 9', '[b 1/1] CANCELED']);
});

test('A download reports its progress every two seconds', () => {
  const progress = buildProgress();
  progress(status({ vertexes: [vertex({ name: '[1/2] FROM docker.io/library/node:24', started: 0 })] }));
  const layer = (ID: string, current: number, timestamp: number) =>
    progress(status({ statuses: [{ ID, vertex: 'v', current, total: 10_000_000, timestamp }] }));
  expect(layer('sha256:a', 0, 0)).toEqual([]);
  expect(layer('sha256:b', 1_000_000, 1_000)).toEqual([]);
  expect(layer('sha256:a', 2_500_000, 2_000)).toEqual(['[1/2] 3.5 MB of 20.0 MB']);
  expect(layer('sha256:a', 3_000_000, 2_100)).toEqual([]);
});

test('BuildKit’s warnings are reported', () => {
  const short = Buffer.from('JSON arguments recommended');
  expect(buildProgress()(status({ warnings: [{ vertex: 'v', short }] }))).toEqual([
    'WARNING: JSON arguments recommended',
  ]);
});

test.each([
  ['[build 2/3] RUN npm ci', '[build 2/3]'],
  ['[internal] load .dockerignore', 'load .dockerignore'],
  ['exporting to image', 'exporting to image'],
])('The short name of %j is %j', (name, short) => {
  expect(shortName(name)).toBe(short);
});

test('A failure contains its step and the last twenty lines of the step’s output', () => {
  const record = failureRecord();
  const lines = Array.from({ length: 30 }, (_, line) => `line ${line + 1}`).join('\n');
  record.record(status({ logs: [log('v', lines), log('other', 'of another step')] }));
  record.record(status({ vertexes: [vertex({ name: '[2/2] RUN make', error: 'exit code: 2' })] }));
  const error = record.toError('executor failed running [/bin/sh -c make]: exit code: 2');
  expect(error).toBeInstanceOf(BuildError);
  expect(error.message.split('\n')).toEqual([
    '[2/2] RUN make: exit code: 2',
    ...Array.from({ length: 20 }, (_, line) => `line ${line + 11}`),
  ]);
});

test('A Dockerfile error is reported without BuildKit’s prefixes', () => {
  const words =
    'failed to solve with frontend dockerfile.v0: failed to create LLB definition: dockerfile parse error line 2: unknown instruction: FOO';
  expect(failureRecord().toError(words)).toEqual(
    new BuildError('dockerfile parse error line 2: unknown instruction: FOO'),
  );
});

test('An unreachable registry is the host’s fault; a command that cannot reach one is the user’s', () => {
  const words = 'dial tcp: lookup registry.example.com: no such host';
  expect(failureRecord().toError(words)).toBeInstanceOf(DockerError);
  const record = failureRecord();
  record.record(
    status({ logs: [log('v', 'curl: no such host')], vertexes: [vertex({ name: '[2/2] RUN curl', error: words })] }),
  );
  expect(record.toError(words)).toBeInstanceOf(BuildError);
});

test('An empty report has no lines', () => {
  expect(decodeStatus('')).toEqual(status({}));
});

type Vertex = BuildStatus['vertexes'][number];

function vertex(changes: Partial<Vertex>): Vertex {
  return { digest: 'v', name: '', cached: false, started: null, completed: null, error: '', ...changes };
}

function status(changes: Partial<BuildStatus>): BuildStatus {
  return { vertexes: [], statuses: [], logs: [], warnings: [], ...changes };
}

function log(vertex: string, text: string): BuildStatus['logs'][number] {
  return { vertex, stream: 1, msg: Buffer.from(text) };
}
