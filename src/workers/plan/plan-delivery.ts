import type { WorkerDeps } from '../../deps.ts';
import { faultOf, messageOf } from '../../error.ts';
import { JSON_LIMIT, JsonObject } from '../../jobs/json.ts';
import type { Finished } from '../../jobs/protocol/event.ts';
import type { PlanGrant } from '../../jobs/protocol/grant.ts';
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

const MOST_APP_BYTES = 256 * 1024;

export type Planner = Pick<WorkerDeps, 'git' | 'blobs' | 'config'>;

/** What a delivery comes to: fetches the commit, reads what it says and lays down the runs. A repository that cannot be read is a verdict. */
export async function planDelivery(planner: Planner, grant: PlanGrant, signal: AbortSignal): Promise<Finished> {
  try {
    const plan = await makePlan(planner, grant, signal);
    return { verdict: { status: 'succeeded', reason: null, exit_code: null }, outputs: {}, log_size: 0, plan };
  } catch (error) {
    signal.throwIfAborted();
    return { verdict: { ...verdictOf(error), exit_code: null }, outputs: {}, log_size: 0 };
  }
}

async function makePlan(planner: Planner, grant: PlanGrant, signal: AbortSignal): Promise<Plan> {
  const { git } = planner;
  const { source } = grant;
  const sha = await git.fetch(source, grant.trigger, signal);
  const { message } = await git.commit(source.id, sha);
  const trigger = { ...grant.trigger, payload: await payloadOf(planner, grant) };
  const found = await workflowSources(planner, source.id, sha);
  const candidates = found.map(readCandidate).filter((candidate) => isWanted(candidate, grant.workflow));
  if (grant.workflow !== null && candidates.length === 0)
    return { sha, message, runs: [noSuchWorkflow(grant.workflow, found)], ignored: [], reason: null };
  const readable = candidates.flatMap(({ workflow }) => workflow ?? []);
  const changed = await changedPaths(git, grant, sha, readable, signal);
  const plan: Plan = { sha, message, runs: [], ignored: [], reason: null };
  for (const { path, workflow, annotations } of candidates) {
    if (workflow === null) plan.runs.push(failedRun(path, annotations));
    else {
      const match =
        grant.workflow === null ? matchTrigger(workflow, trigger, changed, message) : { run: true as const };
      if (!match.run) plan.ignored.push({ path, reason: match.reason });
      else plan.runs.push(await planWorkflow(planner, source, workflow, annotations, trigger, sha));
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
  const message = 'The file is larger than 1 MiB, or not a file: no workflow is';
  return { path, workflow: null, annotations: [{ path, line: 1, column: 1, level: 'failure', message }] };
}

/** By path, by file name or by its own name. */
function isWanted({ path, workflow }: Candidate, wanted: string | null): boolean {
  return wanted === null || [path, path.replace(/^.*\//, ''), workflow?.name].includes(wanted);
}

function noSuchWorkflow(wanted: string, found: readonly WorkflowSource[]): PlannedRun {
  const there = found.length === 0 ? 'none at this commit' : found.map(({ path }) => path).join(', ');
  const failure = `There is no workflow ${wanted}; there ${found.length === 1 ? 'is' : 'are'} ${there}`;
  return { workflow: wanted, path: '', failure, app: null, annotations: [], jobs: [] };
}

/** Its graph, held against what this installation can run and what gantry.yml says. */
async function planWorkflow(
  { git, config }: Planner,
  source: PlanGrant['source'],
  workflow: Workflow,
  warnings: Annotation[],
  trigger: Trigger,
  sha: string,
): Promise<PlannedRun> {
  const { path, name } = workflow;
  const run = planRun(workflow, {
    trigger,
    sha,
    contexts: contextsOf(config, source.name, trigger, sha),
  });
  const planned = { ...run, annotations: [...warnings, ...run.annotations] };
  if (planned.failure !== null) return planned;
  const deploys = planned.jobs.some(({ kind }) => kind === 'deploy');
  const text = deploys ? await git.read(source.id, sha, APP_FILE, MOST_APP_BYTES) : null;
  const { app, annotations } = planApp(path, planned.jobs, text);
  const problems = [...unmappedLabels(path, planned.jobs, config.runner_images), ...annotations];
  if (problems.length > 0) return { ...failedRun(path, [...warnings, ...problems]), workflow: name };
  return { ...planned, app };
}

function contextsOf(config: Planner['config'], repo: string, trigger: Trigger, sha: string): Contexts {
  const { github_api_url: api_url, github_url: server_url } = config;
  return { github: githubContext({ trigger, sha, repo, api_url, server_url, run: null }), vars: {}, inputs: {} };
}

async function payloadOf({ blobs }: Planner, { payload_blob, trigger }: PlanGrant): Promise<JsonObject> {
  const blob = payload_blob === null ? null : await blobs.read(payload_blob, JSON_LIMIT);
  return blob === null ? trigger.payload : JsonObject.parse(JSON.parse(blob.toString('utf8')));
}

/** What is not there, or not ours to see, stays so; everything else is tried again. */
function verdictOf(error: unknown): { status: 'failed' | 'errored'; reason: string } {
  return { status: faultOf(error) === 'user' ? 'failed' : 'errored', reason: messageOf(error) };
}
