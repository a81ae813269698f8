import { z } from 'zod';
import { Json, JsonObject } from '../json.ts';
import { Annotation } from './annotation.ts';

/** What a job is for: uses gantry/deploy → deploy, else gantry/build → build, else test; a task came through POST /jobs. */
export const JobKind = z.enum(['test', 'build', 'deploy', 'task']);
export type JobKind = z.infer<typeof JobKind>;

/** The queues that offer attempts: scheduling classes. A task rides in `test`, a reconciliation of an environment in `plan`. */
export const Lane = z.enum(['plan', 'test', 'build', 'deploy', 'notify']);
export type Lane = z.infer<typeof Lane>;

const Templates = z.record(z.string(), z.string());

/** A step as written: strings are templates (`${{ }}` inside), evaluated when the step's turn comes. */
export const PlannedStep = z.object({
  /** The step's `id`, or null. */
  id: z.string().nullable(),
  name: z.string(),
  /** An expression without `${{ }}`; `success()` where the file has none. */
  if: z.string(),
  run: z.string().nullable(),
  uses: z.string().nullable(),
  with: Templates,
  env: Templates,
  /** Defaults of job and workflow already applied; null means bash where the image has it, else sh. */
  shell: z.string().nullable(),
  working_directory: z.string().nullable(),
  continue_on_error: z.string(),
  /** A template that gives minutes, or null. */
  timeout_minutes: z.string().nullable(),
  line: z.int(),
  column: z.int(),
});
export type PlannedStep = z.infer<typeof PlannedStep>;

/** The container a job asks for; templates. `image` null means the image mapped to `runs_on`. */
export const PlannedContainer = z.object({ image: z.string().nullable(), env: Templates });
export type PlannedContainer = z.infer<typeof PlannedContainer>;

/** One node of a run's graph: a job of the workflow, or one cell of its matrix. */
export const PlannedJob = z.object({
  /** Unique in the run: `test`, or `test (20, linux)` for a cell. */
  key: z.string(),
  /** The job's id in the workflow: what `needs` speaks of. */
  base: z.string(),
  /** A template where it could not be evaluated when planned; shown as it is then. */
  name: z.string(),
  kind: JobKind,
  needs: z.array(z.string()),
  /** An expression without `${{ }}`; `success()` where the file has none. Evaluated once all needs have ended. */
  if: z.string(),
  matrix: JsonObject.nullable(),
  strategy: z.object({
    fail_fast: z.boolean(),
    job_index: z.int(),
    job_total: z.int(),
    max_parallel: z.int().nullable(),
  }),
  continue_on_error: z.string(),
  timeout_minutes: z.number().positive(),
  runs_on: z.array(z.string()),
  container: PlannedContainer,
  /** The workflow's, then the job's: later ones win, each may use `github`, `needs`, `matrix`, `secrets`, `vars`. */
  env: z.array(Templates),
  outputs: Templates,
  steps: z.array(PlannedStep),
  /** Environments that its gantry/deploy steps name literally. */
  environments: z.array(z.string()),
  line: z.int(),
  column: z.int(),
});
export type PlannedJob = z.infer<typeof PlannedJob>;

/** One workflow that the trigger starts. With annotations of level `failure` it is a failed run without jobs. */
export const PlannedRun = z.object({
  workflow: z.string(),
  path: z.string(),
  /** Why it failed in the plan, in a sentence; null when the graph is good. */
  failure: z.string().nullable(),
  /** The app of gantry.yml at this commit, when a job deploys. */
  app: z.string().nullable(),
  annotations: z.array(Annotation),
  jobs: z.array(PlannedJob),
});
export type PlannedRun = z.infer<typeof PlannedRun>;

/** What a delivery came to: the runs to lay down, or the reason why there are none. */
export const Plan = z.object({
  /** The commit that `ref` was resolved to; null when it could not be. */
  sha: z.string().nullable(),
  /** Its committer's message and name, for `github.event` of runs without a webhook. */
  message: z.string().nullable(),
  runs: z.array(PlannedRun),
  /** Workflows that did not match, each with the reason. */
  ignored: z.array(z.object({ path: z.string(), reason: z.string() })),
  reason: z.string().nullable(),
});
export type Plan = z.infer<typeof Plan>;

/** The contexts that expressions see: github, env, vars, secrets, needs, strategy, matrix, job, runner, steps, inputs. */
export type Contexts = Record<string, Json>;
