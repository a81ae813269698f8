import type { Generated } from 'kysely';
import type { Annotation } from '../../jobs/run/annotation.ts';
import type { JobKind, Lane } from '../../jobs/run/plan.ts';
import type { Step } from '../../jobs/run/step.ts';
import type { JobStatus } from '../../jobs/status.ts';

/** Runs and their jobs. */
export interface RunTables {
  runs: RunsTable;
  revisions: RevisionsTable;
  jobs: JobsTable;
  steps: StepsTable;
  annotations: AnnotationsTable;
}

interface RunsTable {
  id: string;
  number: number;
  /** Null for a task, which belongs to no repository. */
  repo_id: string | null;
  repo: string | null;
  delivery_id: string | null;
  workflow: string;
  path: string | null;
  trigger: string;
  event: string;
  ref: string | null;
  branch: string | null;
  sha: string | null;
  actor: string | null;
  app: string | null;
  forced: number;
  /** The event's payload, which expressions see as `github.event`: the whole as a blob's hash, and trimmed as JSON for conditions. */
  payload_blob: string | null;
  payload: string;
  base_ref: string | null;
  head_ref: string | null;
  status: JobStatus;
  reason: string | null;
  annotations: string;
  /** Counts changes; also the run's lock. */
  rev: Generated<number>;
  /** `cancel` or `force`; null until someone asks for it. */
  stop_request: string | null;
  stop_reason: string | null;
  created_at: number;
  started_at: number | null;
  finished_at: number | null;
}

/** What one rev of a run changed. Readers apply the revisions in order. */
interface RevisionsTable {
  run_id: string;
  rev: number;
  data: string;
}

interface JobsTable {
  id: string;
  run_id: string;
  /** The order of jobs in the run's file, from 0. */
  position: number;
  key: string;
  base: string;
  name: string;
  kind: JobKind;
  lane: Lane;
  status: JobStatus;
  reason: string | null;
  exit_code: number | null;
  /** The newest attempt's number, 0 before the first. */
  attempt: Generated<number>;
  /** The newest attempt that a worker started, 0 before the first: its steps are shown. */
  started_attempt: Generated<number>;
  /** Attempts that ended errored. */
  errors: Generated<number>;
  continue_on_error: Generated<number>;
  needs: string;
  spec: string;
  /** Of a task: `{command, limits}`; its secrets are sealed. */
  task: string | null;
  secrets_sealed: string | null;
  release_id: string | null;
  outputs: string;
  stop_request: string | null;
  stop_reason: string | null;
  created_at: number;
  queued_at: number | null;
  started_at: number | null;
  finished_at: number | null;
}

/** The newest state of a step in one attempt (by its number) of a job. */
interface StepsTable extends Step {
  job_id: string;
  attempt: number;
}

/** `number`: from 1, in the order in which they came. */
interface AnnotationsTable extends Annotation {
  job_id: string;
  attempt: number;
  number: number;
}
