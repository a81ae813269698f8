/** The state of one repository of the fake GitHub. */
export interface Repository {
  id: number;
  full_name: string;
  clone_url: string;
  default_branch: string;
  private: boolean;
  /** Oldest first. */
  statuses: CommitStatus[];
  deployments: Deployment[];
}

export type NewRepository = Pick<Repository, 'full_name'> &
  Partial<Pick<Repository, 'id' | 'clone_url' | 'default_branch' | 'private'>>;

export interface CommitStatus {
  id: number;
  sha: string;
  context: string;
  state: string;
  description: string | null;
  target_url: string | null;
}

export interface Deployment {
  id: number;
  ref: string;
  environment: string;
  description: string | null;
  auto_merge: boolean;
  required_contexts: string[] | null;
  statuses: DeploymentStatus[];
}

interface DeploymentStatus {
  id: number;
  state: string;
  description: string;
  log_url: string;
  environment_url: string;
}

let last = 1000;

/** Ids are unique in the process, because GitHub's ids are unique everywhere. */
export function nextId(): number {
  return ++last;
}

export function makeRepository(given: NewRepository): Repository {
  return {
    id: nextId(),
    clone_url: `https://github.com/${given.full_name}.git`,
    default_branch: 'main',
    private: true,
    ...given,
    statuses: [],
    deployments: [],
  };
}
