/** What a stand-in of GitHub remembers of one repository. */
export interface Repository {
  id: number;
  full_name: string;
  clone_url: string;
  default_branch: string;
  private: boolean;
  /** In the order they were set; the newest of a sha and context is last. */
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

/** Ids are unique among all stand-ins of a process, as GitHub's are in the world. */
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
