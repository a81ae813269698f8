import type { Json } from '../../jobs/json.ts';
import type { PlannedContainer, PlannedStep } from '../../jobs/run/plan.ts';
import type { Place } from '../yaml/yaml-source.ts';
import type { Need } from './needs.ts';

/** A parsed workflow. Nothing is evaluated: strings are templates. */
export interface Workflow {
  path: string;
  /** `name`, or the path if the file has no name. */
  name: string;
  run_name: string | null;
  /** By GitHub's name of the event. */
  events: Record<string, EventFilter>;
  /** Default values of the inputs of `workflow_dispatch`; null for an input without default. */
  inputs: Record<string, Json>;
  env: Record<string, string>;
  jobs: WorkflowJob[];
}

/** Which events of one name start the workflow; null for a filter that the file does not have. */
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
  /** A label, a list of labels, or a template of either. */
  runs_on: Located<Json>;
  matrix: Located<Json> | null;
  fail_fast: Located<string>;
  max_parallel: Located<string> | null;
  timeout_minutes: Located<string> | null;
  continue_on_error: Located<string>;
  container: PlannedContainer;
  env: Record<string, string>;
  outputs: Record<string, string>;
  /** With the defaults of the job and the workflow applied. */
  steps: PlannedStep[];
}

/** A value that is evaluated when the run is planned, with the place to report if that fails. */
export interface Located<T> extends Place {
  value: T;
}
