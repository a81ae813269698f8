/** What Gantry says to and asks of GitHub, through one token of one repository. Throttling and retries are control's. */
export interface GitHub {
  /** Throws `GitHubError`: `denied` (bad or insufficient token), `not_found`, `unreachable`. */
  repository(name: string): Promise<{ id: number; clone_url: string; default_branch: string; private: boolean }>;
  createStatus(name: string, status: CommitStatus): Promise<void>;
  createDeployment(name: string, deployment: NewDeployment): Promise<{ id: number }>;
  createDeploymentStatus(name: string, id: number, status: NewDeploymentStatus): Promise<void>;
}

export interface CommitStatus {
  sha: string;
  context: string;
  state: 'pending' | 'success' | 'failure' | 'error';
  description: string;
  target_url: string | null;
}

export interface NewDeployment {
  ref: string;
  environment: string;
  description: string;
}

export interface NewDeploymentStatus {
  state: 'queued' | 'in_progress' | 'success' | 'failure' | 'error' | 'inactive';
  description: string;
  log_url: string | null;
  environment_url: string | null;
}

/** `retry_at` (milliseconds) where GitHub said when: Retry-After, a spent rate limit, a secondary limit. */
export class GitHubError extends Error {
  readonly code: 'denied' | 'not_found' | 'invalid' | 'limited' | 'unreachable';
  readonly retry_at: number | null;
  constructor(code: GitHubError['code'], message: string, retry_at: number | null = null, options?: ErrorOptions) {
    super(message, options);
    this.name = 'GitHubError';
    this.code = code;
    this.retry_at = retry_at;
  }
}
