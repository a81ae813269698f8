import type { Generated } from 'kysely';

/** Repositories with their secrets, deliveries from GitHub, and reports to GitHub. */
export interface RepoTables {
  repos: ReposTable;
  secrets: SecretsTable;
  deliveries: DeliveriesTable;
  reports: ReportsTable;
}

interface ReposTable {
  id: string;
  /** `owner/name`; unique, ignoring case. */
  name: string;
  github_id: number | null;
  clone_url: string;
  default_branch: string;
  token_sealed: string | null;
  webhook_secret_sealed: string;
  next_run_number: Generated<number>;
  created_at: number;
}

/** One version of a secret. Old versions stay because kept releases use them; the newest without `deleted_at` is current. */
interface SecretsTable {
  repo_id: string;
  name: string;
  version: number;
  value_sealed: string;
  created_at: number;
  deleted_at: number | null;
}

interface DeliveriesTable {
  id: string;
  /** GitHub's X-GitHub-Delivery; null for an API call. */
  guid: string | null;
  source: 'github' | 'api';
  event: string;
  action: string | null;
  repo: string | null;
  repo_id: string | null;
  ref: string | null;
  sha: string | null;
  /** A push or a pull request is stored once per body. */
  body_hash: string | null;
  /** received: being planned; planned: it has runs; ignored: it starts no runs; failed: it could not be planned. */
  status: 'received' | 'planned' | 'ignored' | 'failed';
  reason: string | null;
  /** The Trigger as JSON, its payload trimmed; the blob store has the whole payload. */
  trigger: string | null;
  payload_blob: string | null;
  workflow: string | null;
  /** The run that an API call returned at once; null for a webhook. The plan adds its jobs. */
  run_id: string | null;
  received_at: number;
}

/** The state of one thing at GitHub: a commit status or a deployment. */
interface ReportsTable {
  key: string;
  repo_id: string;
  /** The Report to send, as JSON. */
  desired: string;
  /** What the last successful request returned, as JSON. */
  sent: string | null;
  /** `desired` when the newest attempt was granted. */
  granted: string | null;
  /** `desired` when it was last sent. A report is due while this differs from `desired`. */
  sent_desired: string | null;
  tries: Generated<number>;
  not_before: Generated<number>;
  /** Why `desired` will not be sent: GitHub's reason for refusing it. Null again for the next state. */
  gave_up: string | null;
  updated_at: number;
}
