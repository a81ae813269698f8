import type { Generated } from 'kysely';
import type { DeploymentStatus } from '../../jobs/status.ts';

/** Apps, their environments and releases, and what is deployed where. */
export interface DeploymentTables {
  apps: AppsTable;
  hosts: HostsTable;
  environments: EnvironmentsTable;
  releases: ReleasesTable;
  deployments: DeploymentsTable;
}

/** An app belongs to the repository that first deployed it. */
interface AppsTable {
  name: string;
  repo_id: string;
  created_at: number;
}

/** A host name belongs to one environment. */
interface HostsTable {
  host: string;
  app: string;
  environment: string;
}

/** `dirty`: a worker must reconcile Docker and the proxy with these tables. */
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
  /** The AppConfig as JSON. */
  config: string;
  /** Versions of the secrets by name, as JSON. */
  secret_versions: string;
  created_at: number;
  /** When it was last live. */
  live_at: number | null;
  /** Whether its image stays tagged, which protects it from a prune. */
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
  /** The number of the event that asks whether it may start. */
  asked_seq: number | null;
  /** The number of the event that asks whether it may take traffic. */
  ready_seq: number | null;
  /** How its commit relates to the live one. */
  relation: string | null;
  status: DeploymentStatus;
  reason: string | null;
  sha: string | null;
  /** Orders deployments by when their pushes were received; later ones take precedence. */
  position: string;
  url: string | null;
  /** The release that was live before. */
  replaced: string | null;
  phases: string;
  created_at: number;
  live_at: number | null;
  finished_at: number | null;
}
