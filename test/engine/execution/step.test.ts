import { expect, test } from 'vitest';
import { placeStep } from '../../../src/engine/execution/step.ts';
import type { StepScope } from '../../../src/engine/execution/step-scope.ts';
import { jobOf } from '../harness.ts';

const [planned] = jobOf([{ run: 'true' }]).spec.steps;

function place(enclosing: number[], number: number, stage: 'pre' | 'main' | 'post') {
  const scope: StepScope = {
    enclosing,
    contexts: { github: {} },
    env: {},
    container_env: {},
    exports: { env: {}, path: [] },
    results: {},
  };
  if (planned === undefined) throw new Error('the job has no step');
  const { id, number: shown } = placeStep(scope, number, stage, planned);
  return { id, number: shown };
}

test('A step’s id is unique in the job; steps inside another and before or after it are shown under its number', () => {
  expect(place([], 3, 'main')).toEqual({ id: '3', number: 3 });
  expect(place([], 3, 'post')).toEqual({ id: '3-post', number: 3 });
  expect(place([3], 1, 'main')).toEqual({ id: '3.1', number: 3 });
  expect(place([3, 2], 1, 'pre')).toEqual({ id: '3.2.1-pre', number: 3 });
});
