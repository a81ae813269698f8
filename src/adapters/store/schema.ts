import type { Generated, Selectable, Updateable } from 'kysely';
import type { JobKind, Lane } from '../../jobs/run/plan.ts';
import type { AttemptStatus, DeploymentStatus, EndStatus, JobStatus } from '../../jobs/status.ts';

/**
 * The tables. Ids sort by byte, times are integer milliseconds, booleans 0 or 1, JSON is text and never queried, what is sealed is
 * opened only by the vault. `Generated` columns have a default.
 */
export interface Schema {
  repos: ReposTable;
  secrets: SecretsTable;
  tokens: TokensTable;
  deliveries: DeliveriesTable;
  runs: RunsTable;
  revisions: RevisionsTable;
  jobs: JobsTable;
  attempts: AttemptsTable;
  events: EventsTable;
  parked: ParkedTable;
  outbox: OutboxTable;
  reports: ReportsTable;
  apps: AppsTable;
  hosts: HostsTable;
  environments: EnvironmentsTable;
  releases: ReleasesTable;
  deployments: DeploymentsTable;
}

/** A row as it is read, and what may be changed of it. */
export type Row<Table extends keyof Schema> = Selectable<Schema[Table]>;
export type Patch<Table extends keyof Schema> = Updateable<Schema[Table]>;

interface ReposTable {
  id: string;
  /** `owner/name`; unique whatever its case. */
  name: string;
  github_id: number | null;
  clone_url: string;
  default_branch: string;
  token_sealed: string | null;
  webhook_secret_sealed: string;
  next_run_number: Generated<number>;
  created_at: number;
}

/** Every version stays while a kept release uses it; the newest without `deleted_at` is the one in force. */
interface SecretsTable {
  repo_id: string;
  name: string;
  version: number;
  value_sealed: string;
  created_at: number;
  deleted_at: number | null;
}

interface TokensTable {
  id: string;
  name: string;
  hash: string;
  created_at: number;
  last_used_at: number | null;
}

/** `status`: received (being planned), planned (runs were made), ignored (with a reason), failed (the plan could not be made). */
interface DeliveriesTable {
  id: string;
  /** GitHub's X-GitHub-Delivery; null for what came through the API. */
  guid: string | null;
  source: 'github' | 'api';
  event: string;
  action: string | null;
  repo: string | null;
  repo_id: string | null;
  ref: string | null;
  sha: string | null;
  body_hash: string | null;
  status: 'received' | 'planned' | 'ignored' | 'failed';
  reason: string | null;
  /** The Trigger, its payload trimmed; the whole of it lies in the blob store. */
  trigger: string | null;
  payload_blob: string | null;
  workflow: string | null;
  /** A run made beforehand, for the caller to follow; the plan fills it. */
  run_id: string | null;
  received_at: number;
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
  /** The event's payload, as `github.event` shows it: a blob's hash; and the part of it that conditions look at, trimmed. */
  payload_blob: string | null;
  payload: string;
  base_ref: string | null;
  head_ref: string | null;
  status: JobStatus;
  reason: string | null;
  annotations: string;
  rev: Generated<number>;
  /** cancel or force, once someone wants it. */
  stop_request: string | null;
  stop_reason: string | null;
  created_at: number;
  started_at: number | null;
  finished_at: number | null;
}

/** What changed in a run with each rev, as its readers are told: `{run?, jobs?}`. */
interface RevisionsTable {
  run_id: string;
  rev: number;
  data: string;
}

interface JobsTable {
  id: string;
  run_id: string;
  /** Its place in the run's file, from 0. */
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
  steps: string;
  annotations: string;
  stop_request: string | null;
  stop_reason: string | null;
  created_at: number;
  queued_at: number | null;
  started_at: number | null;
  finished_at: number | null;
}

interface AttemptsTable {
  id: string;
  subject: 'job' | 'delivery' | 'report' | 'environment';
  subject_id: string;
  number: number;
  lane: Lane;
  status: AttemptStatus;
  verdict: EndStatus | null;
  reason: string | null;
  worker: string | null;
  nonce: string | null;
  /** The newest event that was applied. */
  seq: Generated<number>;
  /** A StopRequest as JSON. */
  stop_request: string | null;
  deadline: number | null;
  log_size: number | null;
  offered_at: number;
  not_before: number | null;
  started_at: number | null;
  ended_at: number | null;
}

interface EventsTable {
  attempt_id: string;
  seq: number;
  type: string;
  at: number;
  data: string;
}

interface ParkedTable {
  id: Generated<number>;
  text: string;
  error: string;
  at: number;
}

/** What is to happen outside of SQL once it is committed; one drainer, in order, each harmless when done twice. */
interface OutboxTable {
  id: Generated<number>;
  effect: string;
  at: number;
}

interface ReportsTable {
  key: string;
  repo_id: string;
  desired: string;
  sent: string | null;
  /** The desired state as the newest attempt was given it, and the one that was sent last: is there news? */
  granted: string | null;
  sent_desired: string | null;
  tries: Generated<number>;
  not_before: Generated<number>;
  /** Why GitHub will not be told any more. */
  gave_up: string | null;
  updated_at: number;
}

/** An app belongs to the repository that first deployed it. */
interface AppsTable {
  name: string;
  repo_id: string;
  created_at: number;
}

interface HostsTable {
  host: string;
  app: string;
  environment: string;
}

/** `dirty`: a worker is to bring Docker and the proxy in line with what stands here. */
interface EnvironmentsTable {
  app: string;
  name: string;
  dirty: number;
}

interface ReleasesTable {
  id: string;
  app: string;
  environment: string;
  run_id: string;
  image: string;
  image_id: string;
  digest: string | null;
  sha: string | null;
  config: string;
  /** Versions of the secrets by name. */
  secret_versions: string;
  created_at: number;
  /** When it was last live. */
  live_at: number | null;
  /** Its image is tagged still. */
  kept: Generated<number>;
}

interface DeploymentsTable {
  id: string;
  app: string;
  environment: string;
  release_id: string | null;
  run_id: string;
  job_id: string;
  attempt_id: string | null;
  /** The event that asked, to answer it. */
  asked_seq: number | null;
  ready_seq: number | null;
  relation: string | null;
  status: DeploymentStatus;
  reason: string | null;
  sha: string | null;
  /** The order in which the commits came: later ones take precedence. */
  position: string;
  url: string | null;
  /** The release that was live before. */
  replaced: string | null;
  phases: string;
  created_at: number;
  live_at: number | null;
  finished_at: number | null;
}
