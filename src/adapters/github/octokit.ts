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

/**
 * Each call is one request: nothing is tried again here, the error says when it may be.
 * `timeout` in milliseconds is a call's, its answer's body included.
 */
export function openGitHub(options: { api_url: string; timeout?: number }): (token: string) => GitHub {
  const { api_url, timeout = 15_000 } = options;
  return (token) => {
    const octokit = connect(api_url, token, timeout);
    return {
      async repository(name) {
        const answer = await ask(`ask for ${name}`, () => octokit.repos.get(split(name)));
        const { id, clone_url, default_branch, private: hidden } = expect(Repository, answer, name);
        return { id, clone_url, default_branch, private: hidden };
      },

      async createStatus(name, { sha, context, state, description, target_url }) {
        const link = target_url === null ? {} : { target_url };
        await ask(`set a commit status of ${name}`, () =>
          octokit.repos.createCommitStatus({ ...split(name), sha, context, state, description, ...link }),
        );
      },

      async createDeployment(name, { ref, environment, description }) {
        const answer = await ask(`create a deployment of ${name}`, () =>
          octokit.repos.createDeployment({
            ...split(name),
            ref,
            environment,
            description,
            // By default GitHub merges the default branch into the ref, and refuses while our own statuses are pending.
            auto_merge: false,
            required_contexts: [],
          }),
        );
        return { id: expect(Created, answer, name).id };
      },

      async createDeploymentStatus(name, id, { state, description, log_url, environment_url }) {
        const links = { ...(log_url !== null && { log_url }), ...(environment_url !== null && { environment_url }) };
        await ask(`set a deployment's status of ${name}`, () =>
          octokit.repos.createDeploymentStatus({ ...split(name), deployment_id: id, state, description, ...links }),
        );
      },
    };
  };
}

function connect(api_url: string, token: string, timeout: number): Octokit {
  // Fetch would quote a token that fits no header in its error.
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new GitHubError(
      'denied',
      'The token for GitHub is empty or holds characters that no token has; set it again.',
    );
  return new Octokit({
    auth: token,
    baseUrl: api_url,
    userAgent: `gantry/${manifest.version}`,
    // Octokit would write deprecations to the console.
    log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    request: {
      fetch: (url: string, init: RequestInit) => fetch(url, { ...init, signal: AbortSignal.timeout(timeout) }),
    },
  });
}

async function ask(what: string, call: () => Promise<{ data: unknown }>): Promise<unknown> {
  try {
    return (await call()).data;
  } catch (error) {
    if (error instanceof GitHubError) throw error;
    throw readFailure(what, error, Date.now());
  }
}

function split(name: string): { owner: string; repo: string } {
  const [, owner, repo] = /^([\w.-]+)\/(?!\.{1,2}$)([\w.-]+)$/.exec(name) ?? [];
  if (owner === undefined || repo === undefined)
    throw new GitHubError('invalid', `"${name}" is not a repository's name; it reads owner/name.`);
  return { owner, repo };
}

function expect<T>(schema: z.ZodType<T>, answer: unknown, name: string): T {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
  throw new GitHubError('unreachable', `What answered for GitHub about ${name} does not speak its API (${problems}).`);
}

function ignore(): void {}
