import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiHarness, openApiHarness } from '../harness.ts';

let api: ApiHarness;
beforeAll(async () => {
  api = await openApiHarness();
});
afterAll(() => api.close());

describe('A single-container job', () => {
  it('is stored and queued when it is answered with 202', async () => {
    const { status, headers, body } = await submit({ image: 'busybox:latest', run: 'echo hello' });
    expect(status).toBe(202);
    expect(headers.get('location')).toBe(`/api/v1/jobs/${body.id}`);
    expect(body).toMatchObject({ kind: 'task', status: 'queued', image: 'busybox:latest', reason: null });
    expect((await api.json('GET', `/api/v1/jobs/${body.id}`)).body).toEqual(body);
    const run = await api.json('GET', `/api/v1/runs/${body.run_id}`);
    expect(run.body).toMatchObject({ repo: null, trigger: 'api', status: 'queued', jobs: [body] });
  });

  it('stores its secrets encrypted and never returns them', async () => {
    const { body } = await submit({ image: 'busybox', command: ['true'], secrets: { KEY: 'hush-hush' } });
    expect(JSON.stringify(body)).not.toContain('hush');
    const rows = await api.deps.store.read.selectFrom('jobs').selectAll().where('id', '=', body.id).execute();
    expect(JSON.stringify(rows)).not.toContain('hush');
  });

  it.each([
    ['neither run nor command', { image: 'busybox' }, '#/run'],
    ['both', { image: 'busybox', run: 'x', command: ['x'] }, '#/run'],
    ['no image', { run: 'x' }, '#/image'],
    ['an option instead of an image', { image: '--privileged', run: 'x' }, '#/image'],
    ['an image with a space', { image: 'a b', run: 'x' }, '#/image'],
    ['an empty command', { image: 'a', command: [] }, '#/command'],
    ['a NUL', { image: 'a', run: 'a\0b' }, '#/run'],
    ['a NUL in an argument', { image: 'a', command: ['a\0b'] }, '#/command/0'],
    ['an invalid variable name', { image: 'a', run: 'x', env: { 'A-B': 'x' } }, '#/env/A-B'],
    ['a variable that is not a string', { image: 'a', run: 'x', env: { A: 1 } }, '#/env/A'],
    ['a secret that is not a string', { image: 'a', run: 'x', secrets: { A: null } }, '#/secrets/A'],
    ['a timeout of zero', { image: 'a', run: 'x', timeout_minutes: 0 }, '#/timeout_minutes'],
    ['too little memory', { image: 'a', run: 'x', memory_mb: 0.5 }, '#/memory_mb'],
    ['an unknown property', { image: 'a', run: 'x', privileged: true }, '#/privileged'],
  ])('is rejected with %s', async (_, body, pointer) => {
    const { status, body: problem } = await submit(body);
    expect(status).toBe(422);
    expect(problem.errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer);
  });

  it('with an unknown id is answered with 404', async () => {
    expect((await api.json('GET', '/api/v1/jobs/job_none')).status).toBe(404);
  });
});

function submit(body: object) {
  return api.json('POST', '/api/v1/jobs', body);
}
