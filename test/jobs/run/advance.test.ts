import { describe, expect, it } from 'vitest';
import { mergeOutputs } from '../../../src/jobs/run/advance.ts';
import type { JobStatus } from '../../../src/jobs/status.ts';
import { cells, job, movesOf } from './graph.ts';

const queued = (id: string) => ({ job: id, to: 'queued' });
const skipped = (id: string, reason: string) => ({ job: id, to: 'skipped', reason });

/** `lint`, then `test` with `always()`, then `deploy`. */
function chain(first: JobStatus, condition = 'success()') {
  return [
    job('lint', first),
    job('test', 'succeeded', { needs: ['lint'], if: 'always()' }),
    job('deploy', 'waiting', { needs: ['test'], if: condition }),
  ];
}

/** The moves of a job that needs `test`, in a cancelled run. */
function cancelled(condition: string, test: JobStatus = 'succeeded') {
  return movesOf([job('test', test), job('after', 'waiting', { needs: ['test'], if: condition })], { cancelled: true });
}

describe('A job starts', () => {
  it('immediately if it needs nothing', () => {
    expect(movesOf([job('lint', 'waiting'), job('test', 'waiting')])).toEqual([queued('lint'), queued('test')]);
  });

  it('when all its needs have succeeded', () => {
    const deploy = job('deploy', 'waiting', { needs: ['lint', 'test'] });
    expect(movesOf([job('lint', 'succeeded'), job('test', 'running'), deploy])).toEqual([]);
    expect(movesOf([job('lint', 'succeeded'), job('test', 'succeeded'), deploy])).toEqual([queued('deploy')]);
  });

  it('when all cells of a matrix that it needs have succeeded', () => {
    const deploy = job('deploy', 'waiting', { needs: ['test'] });
    expect(movesOf([...cells('test', ['succeeded', 'queued']), deploy])).toEqual([]);
    expect(movesOf([...cells('test', ['succeeded', 'succeeded']), deploy])).toEqual([queued('deploy')]);
  });

  it('when a need failed with continue-on-error', () => {
    const test = job('test', 'failed', { continue_on_error: true });
    expect(movesOf([test, job('deploy', 'waiting', { needs: ['test'] })])).toEqual([queued('deploy')]);
  });

  it('only once', () => {
    expect(movesOf([job('test', 'queued'), job('lint', 'running'), job('docs', 'skipped')])).toEqual([]);
  });
});

describe('A job is skipped with a reason', () => {
  it.each<[JobStatus, string]>([
    ['failed', 'test failed'],
    ['errored', 'test errored'],
    ['timed_out', 'test timed out'],
    ['cancelled', 'test was cancelled'],
    ['skipped', 'test was skipped'],
  ])('when a need is %s', (status, reason) => {
    expect(movesOf([job('test', status), job('deploy', 'waiting', { needs: ['test'] })])).toEqual([
      skipped('deploy', reason),
    ]);
  });

  it('when its condition is false', () => {
    const deploy = job('deploy', 'waiting', { needs: ['test'], if: "github.ref == 'refs/heads/main'" });
    const contexts = { github: { ref: 'refs/heads/topic' } };
    const reason = "its condition `github.ref == 'refs/heads/main'` is false";
    expect(movesOf([job('test', 'succeeded'), deploy], { contexts })).toEqual([skipped('deploy', reason)]);
  });

  it('that names the condition if that does not depend on the needs', () => {
    const deploy = job('deploy', 'waiting', { needs: ['test'], if: "always() && github.ref == 'x'" });
    const reason = "its condition `always() && github.ref == 'x'` is false";
    expect(movesOf([job('test', 'failed'), deploy], { contexts: { github: { ref: 'y' } } })).toEqual([
      skipped('deploy', reason),
    ]);
  });

  it('that names the need if the condition was not evaluated', () => {
    const deploy = job('deploy', 'waiting', { needs: ['test'], if: 'fromJSON(needs.test.outputs.plan).go' });
    expect(movesOf([job('test', 'failed'), deploy])).toEqual([skipped('deploy', 'test failed')]);
  });
});

describe('As on GitHub, a failed or skipped job counts for all later jobs', () => {
  it.each<[JobStatus, string]>([
    ['failed', 'lint failed'],
    ['skipped', 'lint was skipped'],
  ])('that do not need it directly, if it is %s', (status, reason) => {
    expect(movesOf(chain(status))).toEqual([skipped('deploy', reason)]);
  });

  it('unless their condition says otherwise', () => {
    expect(movesOf(chain('failed', 'failure()'))).toEqual([queued('deploy')]);
    expect(movesOf(chain('skipped', '!failure()'))).toEqual([queued('deploy')]);
    expect(movesOf(chain('failed', "always() && needs.test.result == 'success'"))).toEqual([queued('deploy')]);
  });
});

describe('A condition', () => {
  it.each<[string, JobStatus, boolean]>([
    ['failure()', 'failed', true],
    ['failure()', 'timed_out', true],
    ['failure()', 'succeeded', false],
    ['failure()', 'skipped', false],
    ['always()', 'failed', true],
    ['always()', 'skipped', true],
    ['!cancelled()', 'failed', true],
    ['success() || failure()', 'skipped', false],
    ["needs.test.result == 'failure'", 'failed', false],
    ["always() && needs.test.result == 'failure'", 'failed', true],
    ["always() && needs.test.result == 'skipped'", 'skipped', true],
  ])('`%s` after a job that is %s: starts: %s', (condition, status, starts) => {
    const moves = movesOf([job('test', status), job('notice', 'waiting', { needs: ['test'], if: condition })]);
    expect(moves.map(({ to }) => to)).toEqual([starts ? 'queued' : 'skipped']);
  });

  it('can read the outputs of its needs only', () => {
    const jobs = [
      job('changes', 'succeeded', { outputs: { web: 'true' } }),
      job('lint', 'succeeded', { outputs: { web: 'true' } }),
      job('web', 'waiting', { needs: ['changes'], if: "needs.changes.outputs.web == 'true'" }),
      job('docs', 'waiting', { needs: ['changes'], if: "needs.lint.outputs.web == 'true'" }),
    ];
    expect(movesOf(jobs).map(({ to }) => to)).toEqual(['queued', 'skipped']);
  });

  it('that cannot be evaluated fails the job', () => {
    const [move] = movesOf([job('test', 'waiting', { if: 'fromJSON(github.nothing)' })]);
    expect(move).toEqual({
      job: 'test',
      to: 'failed',
      reason: expect.stringMatching(/^its condition cannot be evaluated: .*fromJSON/),
    });
  });
});

describe('In a cancelled run', () => {
  it('waiting jobs are cancelled', () => {
    expect(cancelled('success()')).toEqual([{ job: 'after', to: 'cancelled', reason: 'the run was cancelled' }]);
    expect(cancelled('failure()', 'failed')).toMatchObject([{ to: 'cancelled' }]);
    expect(cancelled('!cancelled()')).toMatchObject([{ to: 'cancelled' }]);
  });

  it.each(['always()', 'cancelled()'])('a job with the condition `%s` starts', (condition) => {
    expect(cancelled(condition)).toEqual([queued('after')]);
  });

  it('a job that waits for a running job keeps waiting', () => {
    expect(cancelled('always()', 'running')).toEqual([]);
  });
});

describe('A matrix with `fail-fast`', () => {
  const reason = 'test (1) failed, and the matrix has `fail-fast`';

  it('stops running cells and cancels cells that have not started', () => {
    expect(movesOf(cells('test', ['failed', 'running', 'queued', 'waiting', 'succeeded']))).toEqual([
      { job: 'test (2)', to: 'stop', reason },
      { job: 'test (3)', to: 'cancelled', reason },
      { job: 'test (4)', to: 'cancelled', reason },
    ]);
  });

  it.each<[JobStatus, string | null]>([
    ['failed', 'test (1) failed, and the matrix has `fail-fast`'],
    ['timed_out', 'test (1) timed out, and the matrix has `fail-fast`'],
    ['errored', 'test (1) errored, and the matrix has `fail-fast`'],
    ['cancelled', null],
    ['skipped', null],
    ['succeeded', null],
  ])('if a cell is %s: %s', (status, why) => {
    expect(movesOf(cells('test', [status, 'running']))).toEqual(
      why === null ? [] : [{ job: 'test (2)', to: 'stop', reason: why }],
    );
  });

  it('ignores a failed cell with continue-on-error', () => {
    expect(movesOf(cells('test', ['failed', 'running'], { continue_on_error: true }))).toEqual([]);
  });

  it('does not affect other jobs', () => {
    expect(movesOf([...cells('test', ['failed']), job('lint', 'running'), ...cells('build', ['running'])])).toEqual([]);
  });

  it('lets all cells finish if it is false', () => {
    expect(movesOf(cells('test', ['failed', 'running', 'waiting'], { fail_fast: false }))).toEqual([
      queued('test (3)'),
    ]);
  });
});

describe('`max-parallel`', () => {
  it.each<[JobStatus[], number | null, string[]]>([
    [['waiting', 'waiting', 'waiting'], 2, ['test (1)', 'test (2)']],
    [['running', 'waiting', 'waiting'], 2, ['test (2)']],
    [['queued', 'running', 'waiting'], 2, []],
    [['succeeded', 'running', 'waiting'], 2, ['test (3)']],
    [['running', 'waiting', 'waiting'], null, ['test (2)', 'test (3)']],
  ])('of cells that are %j, limited to %s, lets %j start', (statuses, most, ids) => {
    expect(movesOf(cells('test', statuses, { max_parallel: most })).map(({ job: id }) => id)).toEqual(ids);
  });

  it('applies to each matrix separately', () => {
    const jobs = [
      ...cells('test', ['running', 'waiting'], { max_parallel: 1 }),
      ...cells('build', ['waiting', 'waiting'], { max_parallel: 1 }),
    ];
    expect(movesOf(jobs)).toEqual([queued('build (1)')]);
  });

  it('limits starts, not skips', () => {
    const jobs = [
      job('lint', 'failed'),
      ...cells('test', ['waiting', 'waiting'], { needs: ['lint'], max_parallel: 1 }),
    ];
    expect(movesOf(jobs)).toEqual([skipped('test (1)', 'lint failed'), skipped('test (2)', 'lint failed')]);
  });
});

describe('The outputs of the cells of a matrix are merged:', () => {
  it.each<[string, Record<string, string>[], Record<string, string>]>([
    ['each cell adds its own', [{ node20: 'ok' }, { node24: 'ok' }], { node20: 'ok', node24: 'ok' }],
    ['the last cell that sets an output wins', [{ digest: 'a' }, { digest: 'b' }], { digest: 'b' }],
    ['an empty output does not replace another', [{ digest: 'a' }, { digest: '' }], { digest: 'a' }],
    ['an output that no cell sets is empty', [{ digest: '' }, { digest: '' }], { digest: '' }],
    ['without cells there are no outputs', [], {}],
  ])('%s', (_, outputs, merged) => {
    expect(mergeOutputs(outputs.map((set) => ({ outputs: set })))).toEqual(merged);
  });
});
