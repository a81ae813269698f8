import { CodedError } from '../../error.ts';

/** GitHub's API with the token of one repository, without throttling and retries. Every method throws `GitHubError`. */
export interface GitHub {
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

export type GitHubErrorCode = 'denied' | 'not_found' | 'invalid' | 'limited' | 'unreachable';

/** `denied`: wrong or insufficient token. `limited`: a rate limit. `retry_at`: milliseconds since 1970, or null if GitHub gave no time. */
export class GitHubError extends CodedError<GitHubErrorCode> {
  readonly retry_at: number | null;

  constructor(code: GitHubErrorCode, message: string, retry_at: number | null = null, options?: ErrorOptions) {
    super(code, message, { ...options, fault: code === 'limited' || code === 'unreachable' ? 'host' : 'user' });
    this.retry_at = retry_at;
  }
}
