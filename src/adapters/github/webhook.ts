import { z } from 'zod';
import type { JsonObject } from '../../jobs/json.ts';
import type { Trigger } from '../../jobs/run/trigger.ts';
import { skipMark } from '../../workflows/plan/skip-ci.ts';

const Sha = z.string().regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/, 'not a commit');
const Sender = z.object({ login: z.string() }).nullish();

const Repository = z.object({
  id: z.int(),
  full_name: z.string().regex(/^[^/\s]+\/[^/\s]+$/, 'not owner/name'),
  clone_url: z.string().min(1),
  owner: z.object({ login: z.string() }).transform((owner) => owner.login),
  default_branch: z.string().min(1),
});

const Push = z.object({
  ref: z.string().regex(/^refs\/\S+$/, 'not a full ref'),
  before: Sha,
  after: Sha,
  deleted: z.boolean(),
  forced: z.boolean(),
  head_commit: z.object({ id: Sha, message: z.string() }).nullable(),
  sender: Sender,
});

const PullRequest = z.object({
  action: z.string(),
  number: z.int().positive(),
  pull_request: z.object({
    head: z.object({ ref: z.string().min(1), sha: Sha, repo: z.object({ id: z.int() }).nullable() }),
    base: z.object({ ref: z.string().min(1), sha: Sha }),
  }),
  sender: Sender,
});

export type WebhookRepository = z.infer<typeof Repository>;

/** A trigger, or the reason why there is none. `repository` is null if the payload has no valid one, as in an organisation's ping. */
export interface WebhookReading {
  trigger: Trigger | null;
  reason: string | null;
  repository: WebhookRepository | null;
}

const STARTING_ACTIONS = ['opened', 'synchronize', 'reopened'];

/** The trigger of a verified webhook. `event` is the header X-GitHub-Event, `payload` the parsed JSON. Never throws: an invalid payload is a reason. */
export function readTrigger(event: string, payload: unknown): WebhookReading {
  if (!isObject(payload)) return refuse(null, `the payload of the event ${event} is not a JSON object`);
  const repository = Repository.safeParse(payload.repository);
  const known = repository.success ? repository.data : null;
  if (event === 'ping') return refuse(known, 'ping');
  if (event !== 'push' && event !== 'pull_request') return refuse(known, `the event ${event} starts no runs`);
  if (!repository.success) return refuse(null, describe(event, repository.error, ['repository']));
  return event === 'push' ? readPush(payload, repository.data) : readPullRequest(payload, repository.data);
}

function readPush(payload: JsonObject, repository: WebhookRepository): WebhookReading {
  const parsed = Push.safeParse(payload);
  if (!parsed.success) return refuse(repository, describe('push', parsed.error));
  const { ref, before, after, deleted, forced, head_commit, sender } = parsed.data;
  const kind = readKind(ref);
  if (kind === null) return refuse(repository, `${ref} is neither a branch nor a tag`);
  if (deleted || isZero(after)) return refuse(repository, `${ref} was deleted`);
  const mark = head_commit === null ? null : skipMark(head_commit.message);
  if (mark !== null) return refuse(repository, `the commit message contains ${mark}`);
  const trigger = {
    kind,
    event: 'push',
    action: null,
    ref,
    // For an annotated tag `after` is the tag object, not its commit.
    sha: head_commit?.id ?? after,
    before: isZero(before) ? null : before,
    forced,
    base_ref: null,
    head_ref: null,
    actor: sender?.login ?? null,
    payload,
  } satisfies Trigger;
  return { trigger, reason: null, repository };
}

function readPullRequest(payload: JsonObject, repository: WebhookRepository): WebhookReading {
  const parsed = PullRequest.safeParse(payload);
  if (!parsed.success) return refuse(repository, describe('pull_request', parsed.error));
  const { action, number, pull_request, sender } = parsed.data;
  if (!STARTING_ACTIONS.includes(action)) return refuse(repository, `the pull_request action ${action} starts no runs`);
  const { head, base } = pull_request;
  // `head.repo` is null when the fork was deleted.
  if (head.repo?.id !== repository.id) {
    return refuse(repository, 'a pull request from a fork starts no runs, because it needs approval');
  }
  const trigger = {
    kind: 'pull_request',
    event: 'pull_request',
    action,
    ref: `refs/pull/${number}/head`,
    sha: head.sha,
    before: base.sha,
    forced: false,
    base_ref: base.ref,
    head_ref: head.ref,
    actor: sender?.login ?? null,
    payload,
  } satisfies Trigger;
  return { trigger, reason: null, repository };
}

function readKind(ref: string): 'push' | 'tag' | null {
  if (/^refs\/heads\/./.test(ref)) return 'push';
  return /^refs\/tags\/./.test(ref) ? 'tag' : null;
}

function refuse(repository: WebhookRepository | null, reason: string): WebhookReading {
  return { trigger: null, reason, repository };
}

function describe(event: string, error: z.ZodError, at: string[] = []): string {
  const problems = error.issues.map((issue) => `${[...at, ...issue.path].join('.')}: ${issue.message}`);
  return `invalid payload of the event ${event}: ${problems.join('; ')}`;
}

function isZero(sha: string): boolean {
  return /^0+$/.test(sha);
}

/** The payload comes from JSON.parse, so an object contains only JSON. */
function isObject(payload: unknown): payload is JsonObject {
  return typeof payload === 'object' && payload !== null && !Array.isArray(payload);
}
