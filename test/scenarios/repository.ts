import type { FileContent, PushOptions } from '../git-server.ts';
import type { CommitStatus, Repository as Remote } from '../github/repository.ts';
import { deliver, pushPayload } from '../github/webhook.ts';
import { RUN_TIMEOUT, type Run } from './api-client.ts';
import { GITHUB_TOKEN, type Installation } from './installation.ts';

export interface Pushed {
  sha: string;
  /** What the api answered to the webhook. */
  status: number;
  body: string;
}

/** A repository at GitHub that is registered here. */
export interface Repository {
  name: string;
  /** What the stand-in of GitHub was told of it. */
  remote: Remote;
  secret: string;
  /** A commit on main, or on `ref`, and its webhook. */
  push(files: Record<string, FileContent>, options?: PushOptions): Promise<Pushed>;
  /** The same, and its run's end. */
  run(files: Record<string, FileContent>, within?: number): Promise<Run>;
  /** The newest state of each context that GitHub was told of a commit. */
  statusStates(sha: string): Record<string, string>;
  statuses(sha: string): CommitStatus[];
  setSecret(name: string, value: string): Promise<void>;
}

export async function addRepository(installation: Installation, name: string): Promise<Repository> {
  const { github, git, api } = installation;
  const clone_url = await git.create(name);
  const remote = github.addRepository({ full_name: name, clone_url });
  const registration = await api.call<{ webhook: { url: string; secret: string } }>('POST', '/api/v1/repos', {
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
    run: async (files, within = RUN_TIMEOUT) => {
      const { sha } = await repository.push(files);
      const { id } = await api.runOf(sha);
      return api.runEnded(id, within);
    },
    statusStates: (sha) => Object.fromEntries(repository.statuses(sha).map(({ context, state }) => [context, state])),
    statuses: (sha) => remote.statuses.filter((status) => status.sha === sha),
    setSecret: async (secret, value) => {
      const path = `/api/v1/repos/${encodeURIComponent(name)}/secrets/${secret}`;
      const { status, body: problem } = await api.call('PUT', path, { value });
      if (status !== 204) throw new Error(JSON.stringify(problem));
    },
  };
  return repository;
}
