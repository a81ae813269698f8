import type { WorkerDeps } from '../../deps.ts';
import { faultOf, messageOf } from '../../error.ts';
import { JSON_LIMIT, JsonObject } from '../../jobs/json.ts';
import type { Finished } from '../../jobs/protocol/event.ts';
import type { CloneSource, PlanGrant } from '../../jobs/protocol/grant.ts';
import type { Annotation } from '../../jobs/run/annotation.ts';
import type { Contexts, Plan, PlannedRun } from '../../jobs/run/plan.ts';
import type { Trigger } from '../../jobs/run/trigger.ts';
import { githubContext } from '../../workflows/plan/github-context.ts';
import { failedRun, planRun } from '../../workflows/plan/run-plan.ts';
import { matchTrigger } from '../../workflows/plan/trigger-match.ts';
import type { Workflow } from '../../workflows/syntax/workflow.ts';
import { parseWorkflow } from '../../workflows/syntax/workflow-file.ts';
import { changedPaths } from './changed-paths.ts';
import { APP_FILE, planApp } from './plan-app.ts';
import { unmappedLabels } from './runner-labels.ts';
import { type WorkflowSource, workflowSources } from './workflow-sources.ts';

const MAX_APP_FILE_BYTES = 256 * 1024;

export type PlanDeps = Pick<WorkerDeps, 'git' | 'blobs' | 'config'>;

/** Plans the runs of a delivery from the workflows at its commit. An error becomes the verdict; only the signal's reason is thrown. */
export async function planDelivery(deps: PlanDeps, grant: PlanGrant, signal: AbortSignal): Promise<Finished> {
  try {
    const plan = await makePlan(deps, grant, signal);
    return { verdict: { status: 'succeeded', reason: null, exit_code: null }, outputs: {}, log_size: 0, plan };
  } catch (error) {
    signal.throwIfAborted();
    return { verdict: { ...verdictOf(error), exit_code: null }, outputs: {}, log_size: 0 };
  }
}

async function makePlan(deps: PlanDeps, grant: PlanGrant, signal: AbortSignal): Promise<Plan> {
  const { git } = deps;
  const { source } = grant;
  const sha = await git.fetch(source, grant.trigger, signal);
  const { message } = await git.commit(source.id, sha);
  const trigger = { ...grant.trigger, payload: await payloadOf(deps, grant) };
  const sources = await workflowSources(deps, source.id, sha);
  const candidates = sources.map(readCandidate).filter((candidate) => isWanted(candidate, grant.workflow));
  if (grant.workflow !== null && candidates.length === 0)
    return { sha, message, runs: [noSuchWorkflow(grant.workflow, sources)], ignored: [], reason: null };
  const readable = candidates.flatMap(({ workflow }) => workflow ?? []);
  const changed = await changedPaths(git, grant, sha, readable, signal);
  const plan: Plan = { sha, message, runs: [], ignored: [], reason: null };
  for (const { path, workflow, annotations } of candidates) {
    if (workflow === null) plan.runs.push(failedRun(path, annotations));
    else {
      const match =
        grant.workflow === null ? matchTrigger(workflow, trigger, changed, message) : { run: true as const };
      if (!match.run) plan.ignored.push({ path, reason: match.reason });
      else plan.runs.push(await planWorkflow(deps, workflow, annotations, { source, trigger, sha }));
    }
  }
  return plan;
}

interface Candidate {
  path: string;
  /** Null when the file cannot be read; the annotations say why. */
  workflow: Workflow | null;
  annotations: Annotation[];
}

function readCandidate({ path, text }: WorkflowSource): Candidate {
  if (text !== null) return { path, ...parseWorkflow(path, text) };
  const message = 'The file is larger than 1 MiB or not a regular file';
  return { path, workflow: null, annotations: [{ path, line: 1, column: 1, level: 'failure', message }] };
}

/** `wanted` is a path, a file name or the workflow's name. */
function isWanted({ path, workflow }: Candidate, wanted: string | null): boolean {
  return wanted === null || [path, path.replace(/^.*\//, ''), workflow?.name].includes(wanted);
}

function noSuchWorkflow(wanted: string, sources: readonly WorkflowSource[]): PlannedRun {
  const available =
    sources.length === 0 ? 'this commit has no workflows' : `available: ${sources.map(({ path }) => path).join(', ')}`;
  const failure = `No workflow ${wanted}; ${available}`;
  return { workflow: wanted, path: '', failure, app: null, annotations: [], jobs: [] };
}

/** The commit of a delivery and what triggered it. */
interface Commit {
  source: CloneSource;
  trigger: Trigger;
  sha: string;
}

/** The run of a workflow; a failed one if a job has no image in this installation, or if gantry.yml does not allow a deployment. */
async function planWorkflow(
  { git, config }: PlanDeps,
  workflow: Workflow,
  warnings: Annotation[],
  commit: Commit,
): Promise<PlannedRun> {
  const { path, name } = workflow;
  const { source, trigger, sha } = commit;
  const run = planRun(workflow, { trigger, sha, contexts: contextsOf(config, commit) });
  const planned = { ...run, annotations: [...warnings, ...run.annotations] };
  if (planned.failure !== null) return planned;
  const deploys = planned.jobs.some(({ kind }) => kind === 'deploy');
  const text = deploys ? await git.read(source.id, sha, APP_FILE, MAX_APP_FILE_BYTES) : null;
  const { app, annotations } = planApp(path, planned.jobs, text);
  const problems = [...unmappedLabels(path, planned.jobs, config.runner_images), ...annotations];
  if (problems.length > 0) return { ...failedRun(path, [...warnings, ...problems]), workflow: name };
  return { ...planned, app };
}

function contextsOf(config: PlanDeps['config'], { source, trigger, sha }: Commit): Contexts {
  const { github_api_url: api_url, github_url: server_url } = config;
  const github = githubContext({ trigger, sha, repo: source.name, api_url, server_url, run: null });
  return { github, vars: {}, inputs: {} };
}

async function payloadOf({ blobs }: PlanDeps, { payload_blob, trigger }: PlanGrant): Promise<JsonObject> {
  const blob = payload_blob === null ? null : await blobs.read(payload_blob, JSON_LIMIT);
  return blob === null ? trigger.payload : JsonObject.parse(JSON.parse(blob.toString('utf8')));
}

/** A retry does not help against a missing repository or denied access, but may help against any other error. */
function verdictOf(error: unknown): { status: 'failed' | 'errored'; reason: string } {
  return { status: faultOf(error) === 'user' ? 'failed' : 'errored', reason: messageOf(error) };
}
