import type { Generated } from 'kysely';

/** Repositories, what GitHub sends about them, and what GitHub is sent. */
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
  /** GitHub's X-GitHub-Delivery; null for a call of the API. */
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
  /** received: being planned; planned: it made runs; ignored: it starts nothing; failed: it could not be planned. */
  status: 'received' | 'planned' | 'ignored' | 'failed';
  reason: string | null;
  /** The Trigger as JSON, its payload trimmed; the blob store has the whole payload. */
  trigger: string | null;
  payload_blob: string | null;
  workflow: string | null;
  /** The run that the caller of the API got; the plan fills it. */
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
  /** `desired` as the newest attempt got it, and as it was last sent. A report is due while `sent_desired` differs from `desired`. */
  granted: string | null;
  sent_desired: string | null;
  tries: Generated<number>;
  not_before: Generated<number>;
  /** Why GitHub refused it for good. */
  gave_up: string | null;
  updated_at: number;
}
