import type { FileContent, PushOptions } from '../git-server.ts';
import type { CommitStatus, Repository as Remote } from '../github/repository.ts';
import { deliver, pushPayload } from '../github/webhook.ts';
import { RUN_TIMEOUT, type Run } from './api-client.ts';
import { GITHUB_TOKEN, type Installation } from './installation.ts';

export interface Pushed {
  sha: string;
  /** The response to the webhook. */
  status: number;
  body: string;
}

/** A repository on the fake GitHub that is registered with Gantry. */
export interface Repository {
  name: string;
  /** The state of the repository on the fake GitHub. */
  remote: Remote;
  secret: string;
  /** Commits to `ref` (default: main) and sends the webhook. */
  push(files: Record<string, FileContent>, options?: PushOptions): Promise<Pushed>;
  /** Pushes and waits until the run has ended. */
  run(files: Record<string, FileContent>, timeout?: number): Promise<Run>;
  /** The last reported state of each status context of a commit. */
  statusStates(sha: string): Record<string, string>;
  statuses(sha: string): CommitStatus[];
  setSecret(name: string, value: string): Promise<void>;
}

export async function addRepository(installation: Installation, name: string): Promise<Repository> {
  const { github, git, api } = installation;
  const clone_url = await git.create(name);
  const remote = github.addRepository({ full_name: name, clone_url });
  const registration = await api.request<{ webhook: { url: string; secret: string } }>('POST', '/api/v1/repos', {
    name,
    token: GITHUB_TOKEN,
    clone_url,
  });
  if (registration.status !== 201) throw new Error(JSON.stringify(registration.body));
  const { url, secret } = registration.body.webhook;

  const repository: Repository = {
    name,
    remote,
    secret,
    push: async (files, options = {}) => {
      const sha = await git.push(name, files, options);
      const ref = options.ref ?? 'main';
      const payload = pushPayload({
        repository: remote,
        sha,
        ref: ref.startsWith('refs/') ? ref : `refs/heads/${ref}`,
        ...(options.message !== undefined && { message: options.message }),
      });
      const { status, body } = await deliver(url, { event: 'push', payload, secret });
      return { sha, status, body };
    },
    run: async (files, timeout = RUN_TIMEOUT) => {
      const { sha } = await repository.push(files);
      const { id } = await api.waitForRun(sha);
      return api.waitForRunEnd(id, timeout);
    },
    statusStates: (sha) => Object.fromEntries(repository.statuses(sha).map(({ context, state }) => [context, state])),
    statuses: (sha) => remote.statuses.filter((status) => status.sha === sha),
    setSecret: async (secret, value) => {
      const path = `/api/v1/repos/${encodeURIComponent(name)}/secrets/${secret}`;
      const { status, body: problem } = await api.request('PUT', path, { value });
      if (status !== 204) throw new Error(JSON.stringify(problem));
    },
  };
  return repository;
}
