import type { Json } from '../../jobs/json.ts';
import type { PlannedContainer, PlannedStep } from '../../jobs/run/plan.ts';
import type { Place } from '../yaml/yaml-source.ts';
import type { Need } from './needs.ts';

/** A workflow as its file says it: nothing evaluated, strings are templates. */
export interface Workflow {
  path: string;
  /** Its `name`, else its path. */
  name: string;
  run_name: string | null;
  /** By GitHub's name of the event. */
  events: Record<string, EventFilter>;
  /** The defaults of workflow_dispatch's inputs; null where there is none. */
  inputs: Record<string, Json>;
  env: Record<string, string>;
  jobs: WorkflowJob[];
}

/** Which events of a kind start the workflow; null where the file does not say. */
export type EventFilter = Record<FilterName, string[] | null>;

export const FILTERS = [
  'types',
  'branches',
  'branches-ignore',
  'tags',
  'tags-ignore',
  'paths',
  'paths-ignore',
] as const;
export type FilterName = (typeof FILTERS)[number];

export interface WorkflowJob extends Place {
  id: string;
  name: string | null;
  needs: Need[];
  /** An expression without `${{ }}`. */
  if: string;
  /** Labels: text, a list of texts, or a template that gives either. */
  runs_on: Located<Json>;
  matrix: Located<Json> | null;
  fail_fast: Located<string>;
  max_parallel: Located<string> | null;
  timeout_minutes: Located<string> | null;
  continue_on_error: Located<string>;
  container: PlannedContainer;
  env: Record<string, string>;
  outputs: Record<string, string>;
  /** With the defaults of job and workflow applied. */
  steps: PlannedStep[];
}

/** A value that is evaluated in the plan, and where to point when that fails. */
export interface Located<T> extends Place {
  value: T;
}
