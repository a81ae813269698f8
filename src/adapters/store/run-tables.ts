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
  /** The hash of the blob with the event's whole payload, `github.event` in expressions. */
  payload_blob: string | null;
  /** The trimmed payload as JSON, for conditions. */
  payload: string;
  base_ref: string | null;
  head_ref: string | null;
  status: JobStatus;
  reason: string | null;
  annotations: string;
  /** Counts changes. Every change of the run increments it first, so it is also the run's lock. */
  rev: Generated<number>;
  /** `cancel` or `force`; null until it is requested. */
  stop_request: string | null;
  stop_reason: string | null;
  created_at: number;
  started_at: number | null;
  finished_at: number | null;
}

/** One change of a run, under its `rev`. Readers apply the revisions in order. */
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
  /** The newest attempt that a worker started, 0 before the first. The API shows its steps. */
  started_attempt: Generated<number>;
  /** The number of attempts that ended as errored. */
  errors: Generated<number>;
  continue_on_error: Generated<number>;
  needs: string;
  spec: string;
  /** Only for a task: `{command, limits}` as JSON. Its secrets are in `secrets_sealed`. */
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

/** `number`: from 1, in the order in which they were reported. */
interface AnnotationsTable extends Annotation {
  job_id: string;
  attempt: number;
  number: number;
}
