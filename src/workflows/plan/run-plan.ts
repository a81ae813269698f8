import { messageOf } from '../../error.ts';
import type { Json, JsonObject } from '../../jobs/json.ts';
import type { Annotation } from '../../jobs/run/annotation.ts';
import type { Contexts, PlannedRun } from '../../jobs/run/plan.ts';
import type { Trigger } from '../../jobs/run/trigger.ts';
import { stepKindOf } from '../action.ts';
import type { Workflow, WorkflowJob } from '../syntax/workflow.ts';
import { triggerContext } from './github-context.ts';
import { JobPlanError, planJob } from './job-plan.ts';

const MAX_JOBS = 1000;

export interface RunPlanInput {
  trigger: Trigger;
  sha: string;
  /** `github` (without what the trigger determines), `vars` and `inputs`. */
  contexts: Contexts;
}

/** The run's graph. Never throws: if a job cannot be planned, the run has an annotation and no jobs. */
export function planRun(workflow: Workflow, { trigger, sha, contexts }: RunPlanInput): PlannedRun {
  const github: JsonObject = { ...triggerContext(trigger, sha), ...asObject(contexts.github) };
  const inputs: JsonObject = { ...workflow.inputs, ...asObject(contexts.inputs) };
  const available = { ...contexts, github, inputs };
  const annotations: Annotation[] = [];
  const keys = new Set<string>();
  const jobs = workflow.jobs.flatMap((job) => {
    try {
      checkRepositories(job, github.repository ?? null);
      return planJob(workflow, job, available, keys);
    } catch (error) {
      annotations.push(annotationOf(workflow, job, error));
      return [];
    }
  });
  const { name, path } = workflow;
  if (jobs.length > MAX_JOBS) {
    const message = `The workflow has ${jobs.length} jobs; the limit is ${MAX_JOBS}`;
    annotations.push({ path, line: 1, column: 1, level: 'failure', message });
  }
  if (annotations.length > 0) return { ...failedRun(path, annotations), workflow: name };
  return { workflow: name, path, failure: null, app: null, annotations, jobs };
}

/** The run of an invalid workflow: it fails immediately, with the reason. */
export function failedRun(path: string, annotations: Annotation[]): PlannedRun {
  const first = annotations.find((annotation) => annotation.level === 'failure');
  const failure =
    first === undefined ? `${path} cannot be run` : `${first.path}:${first.line}:${first.column}: ${first.message}`;
  return { workflow: path, path, failure, app: null, annotations, jobs: [] };
}

function checkRepositories(job: WorkflowJob, own: Json): void {
  for (const step of job.steps) {
    const { line, column } = step;
    const { repository } = step.with;
    if (stepKindOf(step) !== 'checkout' || repository === undefined || repository.includes('${{')) continue;
    if (repository !== '' && (typeof own !== 'string' || repository.toLowerCase() !== own.toLowerCase()))
      throw new JobPlanError(
        { line, column },
        `Checking out another repository (${repository}) is not supported by Gantry yet`,
      );
  }
}

function annotationOf(workflow: Workflow, job: WorkflowJob, error: unknown): Annotation {
  const { line, column } = error instanceof JobPlanError ? error.place : job;
  const message = messageOf(error);
  return { path: workflow.path, line, column, level: 'failure', message };
}

function asObject(value: Json | undefined): JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {};
}
