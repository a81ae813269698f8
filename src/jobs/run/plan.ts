import { z } from 'zod';
import { Json, JsonObject } from '../json.ts';
import { Annotation } from './annotation.ts';

// Plans are stored, and later versions of Gantry read them. A property with a default can be absent. Unknown properties are ignored.

/** `deploy` if a step uses gantry/deploy, else `build` if one uses gantry/build, else `test`; `task` for POST /jobs. */
export const JobKind = z.enum(['test', 'build', 'deploy', 'task']);
export type JobKind = z.infer<typeof JobKind>;

/** The queues that offer attempts. Tasks use `test`; reconciliations of environments use `plan`. */
export const Lane = z.enum(['plan', 'test', 'build', 'deploy', 'notify']);
export type Lane = z.infer<typeof Lane>;

/** GitHub's default, in minutes. */
export const DEFAULT_TIMEOUT = 360;

const Templates = z.record(z.string(), z.string());

/** A step as the file has it. Strings are templates (with `${{ }}`), evaluated just before the step runs. */
export const PlannedStep = z.object({
  /** The step's `id`. */
  id: z.string().nullable().default(null),
  name: z.string(),
  /** An expression without `${{ }}`. */
  if: z.string().default('success()'),
  run: z.string().nullable().default(null),
  uses: z.string().nullable().default(null),
  with: Templates.default({}),
  env: Templates.default({}),
  /** The defaults of job and workflow are applied; null means bash if the image has it, else sh. */
  shell: z.string().nullable().default(null),
  working_directory: z.string().nullable().default(null),
  continue_on_error: z.string().default('false'),
  /** A template that evaluates to minutes. */
  timeout_minutes: z.string().nullable().default(null),
  line: z.int().default(1),
  column: z.int().default(1),
});
export type PlannedStep = z.infer<typeof PlannedStep>;

/** The container of a job, as templates. Without an image, the job gets the image that is mapped to its `runs_on`. */
export const PlannedContainer = z.object({
  image: z.string().nullable().default(null),
  env: Templates.default({}),
});
export type PlannedContainer = z.infer<typeof PlannedContainer>;

const Strategy = z.object({
  fail_fast: z.boolean().default(true),
  job_index: z.int().default(0),
  job_total: z.int().default(1),
  max_parallel: z.int().nullable().default(null),
});

/** One node of a run's graph: a job of the workflow, or one cell of its matrix. */
export const PlannedJob = z.object({
  /** Unique in the run: `test`, or `test (20, linux)` for a cell. */
  key: z.string(),
  /** The job's id in the workflow, which `needs` refers to. */
  base: z.string(),
  /** Shown as an unevaluated template if it depends on contexts that are unknown when the run is planned. */
  name: z.string(),
  kind: JobKind,
  needs: z.array(z.string()).default([]),
  /** An expression without `${{ }}`, evaluated once all needs have ended. */
  if: z.string().default('success()'),
  matrix: JsonObject.nullable().default(null),
  strategy: Strategy.prefault({}),
  continue_on_error: z.string().default('false'),
  timeout_minutes: z.number().positive().default(DEFAULT_TIMEOUT),
  runs_on: z.array(z.string()).default([]),
  container: PlannedContainer.prefault({}),
  /** `env` of the workflow, then of the job, which takes precedence. Can use `github`, `needs`, `matrix`, `secrets`, `vars`. */
  env: z.array(Templates).default([]),
  outputs: Templates.default({}),
  steps: z.array(PlannedStep).default([]),
  /** The environments that gantry/deploy steps name without an expression. */
  environments: z.array(z.string()).default([]),
  line: z.int().default(1),
  column: z.int().default(1),
});
export type PlannedJob = z.infer<typeof PlannedJob>;

/** One workflow that the trigger starts. An invalid workflow is a failed run with annotations and without jobs. */
export const PlannedRun = z.object({
  workflow: z.string(),
  path: z.string(),
  /** Why the workflow cannot run, in one sentence; null if it can. */
  failure: z.string().nullable().default(null),
  /** The app that gantry.yml names at this commit, if a job deploys. */
  app: z.string().nullable().default(null),
  annotations: z.array(Annotation).default([]),
  jobs: z.array(PlannedJob).default([]),
});
export type PlannedRun = z.infer<typeof PlannedRun>;

/** The result of planning a delivery: the runs to create, or the reason why there are none. */
export const Plan = z.object({
  /** The commit that `ref` was resolved to; null if it could not be resolved. */
  sha: z.string().nullable().default(null),
  /** The commit message, for `github.event` of runs without a webhook. */
  message: z.string().nullable().default(null),
  runs: z.array(PlannedRun).default([]),
  /** Workflows that do not match the trigger, each with the reason. */
  ignored: z.array(z.object({ path: z.string(), reason: z.string() })).default([]),
  reason: z.string().nullable().default(null),
});
export type Plan = z.infer<typeof Plan>;

/** What expressions can read: github, env, vars, secrets, needs, strategy, matrix, job, runner, steps, inputs. */
export type Contexts = Record<string, Json>;
