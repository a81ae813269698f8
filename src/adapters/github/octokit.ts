import { Octokit } from '@octokit/rest';
import { z } from 'zod';
import manifest from '../../../package.json' with { type: 'json' };
import { readFailure } from './failure.ts';
import { type GitHub, GitHubError } from './github.ts';

const Repository = z.object({
  id: z.int(),
  clone_url: z.string(),
  default_branch: z.string(),
  private: z.boolean(),
});
const Created = z.object({ id: z.int() });

/** Each call is one request, without retries. `timeout` is in milliseconds and includes reading the response body. */
export function openGitHub(options: { api_url: string; timeout?: number }): (token: string) => GitHub {
  const { api_url, timeout = 15_000 } = options;
  return (token) => {
    const octokit = connect(api_url, token, timeout);
    return {
      async repository(name) {
        const response = await request(`get the repository ${name}`, () => octokit.repos.get(split(name)));
        const { id, clone_url, default_branch, private: hidden } = parseResponse(Repository, response, name);
        return { id, clone_url, default_branch, private: hidden };
      },

      async createStatus(name, { sha, context, state, description, target_url }) {
        const link = target_url === null ? {} : { target_url };
        await request(`create a commit status for ${name}`, () =>
          octokit.repos.createCommitStatus({ ...split(name), sha, context, state, description, ...link }),
        );
      },

      async createDeployment(name, { ref, environment, description }) {
        const response = await request(`create a deployment for ${name}`, () =>
          octokit.repos.createDeployment({
            ...split(name),
            ref,
            environment,
            description,
            // By default GitHub merges the default branch into the ref, and refuses while Gantry's own statuses are pending.
            auto_merge: false,
            required_contexts: [],
          }),
        );
        return { id: parseResponse(Created, response, name).id };
      },

      async createDeploymentStatus(name, id, { state, description, log_url, environment_url }) {
        const links = { ...(log_url !== null && { log_url }), ...(environment_url !== null && { environment_url }) };
        await request(`create a deployment status for ${name}`, () =>
          octokit.repos.createDeploymentStatus({ ...split(name), deployment_id: id, state, description, ...links }),
        );
      },
    };
  };
}

function connect(api_url: string, token: string, timeout: number): Octokit {
  // fetch would quote a token that is not a valid header value in its error.
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new GitHubError('denied', 'The GitHub token is empty or contains invalid characters; set it again.');
  return new Octokit({
    auth: token,
    baseUrl: api_url,
    userAgent: `gantry/${manifest.version}`,
    // Octokit would print deprecations to the console.
    log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    request: {
      fetch: (url: string, init: RequestInit) => fetch(url, { ...init, signal: AbortSignal.timeout(timeout) }),
    },
  });
}

async function request(action: string, call: () => Promise<{ data: unknown }>): Promise<unknown> {
  try {
    return (await call()).data;
  } catch (error) {
    if (error instanceof GitHubError) throw error;
    throw readFailure(action, error, Date.now());
  }
}

function split(name: string): { owner: string; repo: string } {
  const [, owner, repo] = /^([\w.-]+)\/(?!\.{1,2}$)([\w.-]+)$/.exec(name) ?? [];
  if (owner === undefined || repo === undefined)
    throw new GitHubError('invalid', `"${name}" is not a repository name of the form owner/name.`);
  return { owner, repo };
}

function parseResponse<T>(schema: z.ZodType<T>, response: unknown, name: string): T {
  const parsed = schema.safeParse(response);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
  throw new GitHubError(
    'unreachable',
    `Unexpected response from the GitHub API for ${name} (${problems}); check the API URL.`,
  );
}

function ignore(): void {}
