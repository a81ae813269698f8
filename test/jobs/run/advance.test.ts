import { describe, expect, it } from 'vitest';
import { mergeOutputs } from '../../../src/jobs/run/advance.ts';
import type { JobStatus } from '../../../src/jobs/status.ts';
import { cells, follow, job } from './graph.ts';

const queued = (id: string) => ({ job: id, to: 'queued' });
const skipped = (id: string, reason: string) => ({ job: id, to: 'skipped', reason });

/** lint, then test in any case, then deploy. */
function chain(first: JobStatus, condition = 'success()') {
  return [
    job('lint', first),
    job('test', 'succeeded', { needs: ['lint'], if: 'always()' }),
    job('deploy', 'waiting', { needs: ['test'], if: condition }),
  ];
}

/** What becomes, in a cancelled run, of a job with this condition that needs `test`. */
function cancelled(condition: string, test: JobStatus = 'succeeded') {
  return follow([job('test', test), job('after', 'waiting', { needs: ['test'], if: condition })], { cancelled: true });
}

describe('A job starts', () => {
  it('at once when it needs nothing', () => {
    expect(follow([job('lint', 'waiting'), job('test', 'waiting')])).toEqual([queued('lint'), queued('test')]);
  });

  it('when all that it needs has succeeded', () => {
    const deploy = job('deploy', 'waiting', { needs: ['lint', 'test'] });
    expect(follow([job('lint', 'succeeded'), job('test', 'running'), deploy])).toEqual([]);
    expect(follow([job('lint', 'succeeded'), job('test', 'succeeded'), deploy])).toEqual([queued('deploy')]);
  });

  it('when every cell of a matrix that it needs has', () => {
    const deploy = job('deploy', 'waiting', { needs: ['test'] });
    expect(follow([...cells('test', ['succeeded', 'queued']), deploy])).toEqual([]);
    expect(follow([...cells('test', ['succeeded', 'succeeded']), deploy])).toEqual([queued('deploy')]);
  });

  it('when what it needs failed under continue-on-error', () => {
    const test = job('test', 'failed', { continue_on_error: true });
    expect(follow([test, job('deploy', 'waiting', { needs: ['test'] })])).toEqual([queued('deploy')]);
  });

  it('once', () => {
    expect(follow([job('test', 'queued'), job('lint', 'running'), job('docs', 'skipped')])).toEqual([]);
  });
});

describe('A job is skipped, and says why,', () => {
  it.each<[JobStatus, string]>([
    ['failed', 'test failed'],
    ['errored', 'test errored'],
    ['timed_out', 'test timed out'],
    ['cancelled', 'test was cancelled'],
    ['skipped', 'test was skipped'],
  ])('when what it needs ended %s', (status, reason) => {
    expect(follow([job('test', status), job('deploy', 'waiting', { needs: ['test'] })])).toEqual([
      skipped('deploy', reason),
    ]);
  });

  it('when its condition is false', () => {
    const deploy = job('deploy', 'waiting', { needs: ['test'], if: "github.ref == 'refs/heads/main'" });
    const contexts = { github: { ref: 'refs/heads/topic' } };
    const reason = "its condition `github.ref == 'refs/heads/main'` is false";
    expect(follow([job('test', 'succeeded'), deploy], { contexts })).toEqual([skipped('deploy', reason)]);
  });

  it('by its condition and not by what it needs, where it asked to run in any case', () => {
    const deploy = job('deploy', 'waiting', { needs: ['test'], if: "always() && github.ref == 'x'" });
    const reason = "its condition `always() && github.ref == 'x'` is false";
    expect(follow([job('test', 'failed'), deploy], { contexts: { github: { ref: 'y' } } })).toEqual([
      skipped('deploy', reason),
    ]);
  });

  it('by what it needs where its condition was not even looked at', () => {
    const deploy = job('deploy', 'waiting', { needs: ['test'], if: 'fromJSON(needs.test.outputs.plan).go' });
    expect(follow([job('test', 'failed'), deploy])).toEqual([skipped('deploy', 'test failed')]);
  });
});

describe('A failure or a skip counts along the whole chain, as at GitHub:', () => {
  it.each<[JobStatus, string]>([
    ['failed', 'lint failed'],
    ['skipped', 'lint was skipped'],
  ])('what needs a job that ran in spite of one that %s is skipped', (status, reason) => {
    expect(follow(chain(status))).toEqual([skipped('deploy', reason)]);
  });

  it('unless it asks otherwise', () => {
    expect(follow(chain('failed', 'failure()'))).toEqual([queued('deploy')]);
    expect(follow(chain('skipped', '!failure()'))).toEqual([queued('deploy')]);
    expect(follow(chain('failed', "always() && needs.test.result == 'success'"))).toEqual([queued('deploy')]);
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
  ])('`%s` after a job that ended %s: does it start? %s', (condition, status, starts) => {
    const moves = follow([job('test', status), job('notice', 'waiting', { needs: ['test'], if: condition })]);
    expect(moves.map(({ to }) => to)).toEqual([starts ? 'queued' : 'skipped']);
  });

  it('sees the outputs of what it needs, and of nothing else', () => {
    const jobs = [
      job('changes', 'succeeded', { outputs: { web: 'true' } }),
      job('lint', 'succeeded', { outputs: { web: 'true' } }),
      job('web', 'waiting', { needs: ['changes'], if: "needs.changes.outputs.web == 'true'" }),
      job('docs', 'waiting', { needs: ['changes'], if: "needs.lint.outputs.web == 'true'" }),
    ];
    expect(follow(jobs).map(({ to }) => to)).toEqual(['queued', 'skipped']);
  });

  it('that cannot be evaluated fails the job, and says so', () => {
    const [move] = follow([job('test', 'waiting', { if: 'fromJSON(github.nothing)' })]);
    expect(move).toEqual({
      job: 'test',
      to: 'failed',
      reason: expect.stringMatching(/^its condition cannot be evaluated: .*fromJSON/),
    });
  });
});

describe('In a cancelled run', () => {
  it('what waits is cancelled', () => {
    expect(cancelled('success()')).toEqual([{ job: 'after', to: 'cancelled', reason: 'the run was cancelled' }]);
    expect(cancelled('failure()', 'failed')).toMatchObject([{ to: 'cancelled' }]);
    expect(cancelled('!cancelled()')).toMatchObject([{ to: 'cancelled' }]);
  });

  it.each(['always()', 'cancelled()'])('only what asks for it by `%s` starts', (condition) => {
    expect(cancelled(condition)).toEqual([queued('after')]);
  });

  it('what waits for a job that still runs goes on waiting', () => {
    expect(cancelled('always()', 'running')).toEqual([]);
  });
});

describe('A matrix that fails fast', () => {
  const reason = 'test (1) failed, and the matrix has `fail-fast`';

  it('stops the cells that run and cancels those that do not yet', () => {
    expect(follow(cells('test', ['failed', 'running', 'queued', 'waiting', 'succeeded']))).toEqual([
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
  ])('does so for a cell that ended %s: %s', (status, why) => {
    expect(follow(cells('test', [status, 'running']))).toEqual(
      why === null ? [] : [{ job: 'test (2)', to: 'stop', reason: why }],
    );
  });

  it('does not for a cell that may fail', () => {
    expect(follow(cells('test', ['failed', 'running'], { continue_on_error: true }))).toEqual([]);
  });

  it('leaves other jobs alone', () => {
    expect(follow([...cells('test', ['failed']), job('lint', 'running'), ...cells('build', ['running'])])).toEqual([]);
  });

  it('with `fail-fast: false` lets all cells come to their own ends', () => {
    expect(follow(cells('test', ['failed', 'running', 'waiting'], { fail_fast: false }))).toEqual([queued('test (3)')]);
  });
});

describe('`max-parallel`', () => {
  it.each<[JobStatus[], number | null, string[]]>([
    [['waiting', 'waiting', 'waiting'], 2, ['test (1)', 'test (2)']],
    [['running', 'waiting', 'waiting'], 2, ['test (2)']],
    [['queued', 'running', 'waiting'], 2, []],
    [['succeeded', 'running', 'waiting'], 2, ['test (3)']],
    [['running', 'waiting', 'waiting'], null, ['test (2)', 'test (3)']],
  ])('of cells that are %j, with %s at once, start %j', (statuses, most, ids) => {
    expect(follow(cells('test', statuses, { max_parallel: most })).map(({ job: id }) => id)).toEqual(ids);
  });

  it('holds for each matrix by itself', () => {
    const jobs = [
      ...cells('test', ['running', 'waiting'], { max_parallel: 1 }),
      ...cells('build', ['waiting', 'waiting'], { max_parallel: 1 }),
    ];
    expect(follow(jobs)).toEqual([queued('build (1)')]);
  });

  it('holds back starts, not skips', () => {
    const jobs = [
      job('lint', 'failed'),
      ...cells('test', ['waiting', 'waiting'], { needs: ['lint'], max_parallel: 1 }),
    ];
    expect(follow(jobs)).toEqual([skipped('test (1)', 'lint failed'), skipped('test (2)', 'lint failed')]);
  });
});

describe("A matrix's cells share their outputs", () => {
  it.each<[string, Record<string, string>[], Record<string, string>]>([
    ['each adds its own', [{ node20: 'ok' }, { node24: 'ok' }], { node20: 'ok', node24: 'ok' }],
    ['the last that set one wins', [{ digest: 'a' }, { digest: 'b' }], { digest: 'b' }],
    ['nothing does not win over something', [{ digest: 'a' }, { digest: '' }], { digest: 'a' }],
    ['one that nobody set is there, and empty', [{ digest: '' }, { digest: '' }], { digest: '' }],
    ['of no cells there are none', [], {}],
  ])('%s', (_, outputs, merged) => {
    expect(mergeOutputs(outputs.map((set) => ({ outputs: set })))).toEqual(merged);
  });
});
