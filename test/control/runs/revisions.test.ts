import { expect, it } from 'vitest';
import { applyRevision, type RunView } from '../../../src/control/runs/revisions.ts';

const step = (number: number, status: string) => ({ number, status });
const note = (number: number) => ({ number, message: `note ${number}` });

it('assembles a job from its revisions', () => {
  const view = emptyView();
  applyRevision(view, { run: { status: 'queued' }, jobs: [{ id: 'job_1', status: 'queued' }] });
  applyRevision(view, { run: { status: 'running' }, jobs: [{ id: 'job_1', status: 'running' }] });
  applyRevision(view, { jobs: [{ id: 'job_1', step: step(2, 'running') }] });
  applyRevision(view, { jobs: [{ id: 'job_1', annotation: note(1) }] });
  applyRevision(view, { jobs: [{ id: 'job_1', step: step(1, 'succeeded') }] });
  const changed = applyRevision(view, { jobs: [{ id: 'job_1', step: step(2, 'failed') }] });
  expect(changed).toEqual([
    {
      id: 'job_1',
      status: 'running',
      steps: [step(1, 'succeeded'), step(2, 'failed')],
      annotations: [{ message: 'note 1' }],
    },
  ]);
  expect(view.run).toEqual({ status: 'running' });
});

it('replaces steps and annotations when a new attempt starts', () => {
  const view = emptyView();
  applyRevision(view, { jobs: [{ id: 'job_1', step: step(1, 'errored') }] });
  const [job] = applyRevision(view, { jobs: [{ id: 'job_1', attempt: 2, steps: [], annotations: [] }] });
  expect(job).toEqual({ id: 'job_1', attempt: 2, steps: [], annotations: [] });
});

it('changes nothing when a revision is applied again', () => {
  const view = emptyView();
  const revisions = [
    { jobs: [{ id: 'job_1', step: step(1, 'running') }] },
    { jobs: [{ id: 'job_1', annotation: note(1) }] },
  ];
  for (const revision of revisions) applyRevision(view, revision);
  const before = structuredClone(view);
  for (const revision of revisions) applyRevision(view, revision);
  expect(view).toEqual(before);
});

function emptyView(): RunView {
  return { run: null, jobs: new Map() };
}
