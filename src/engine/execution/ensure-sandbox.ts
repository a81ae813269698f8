import type { Limits } from '../../deps.ts';
import type { JobGrant } from '../../jobs/protocol/grant.ts';
import type { Contexts } from '../../jobs/run/plan.ts';
import { interpolate } from '../../workflows/expressions/template.ts';
import type { EngineDeps } from '../engine-deps.ts';
import { createSandbox } from '../sandbox/docker-sandbox.ts';
import { runnerImage } from '../sandbox/runner-image.ts';
import type { Sandbox, SandboxSpec } from '../sandbox/sandbox.ts';
import { UserError } from '../user-error.ts';
import { type JobExecution, logLine } from './job-execution.ts';

/** The job's sandbox, created if there is none yet. `contexts` are for the template of `container.image`, `step` is for the log. */
export async function ensureSandbox(
  execution: JobExecution,
  { main, mounts }: Pick<SandboxSpec, 'main' | 'mounts'>,
  contexts: Contexts,
  step: { number: number; signal: AbortSignal },
): Promise<Sandbox> {
  const { deps, grant, owner, sandbox } = execution;
  return sandbox.ensure(async () => {
    const image = await jobImage(execution, contexts, step);
    return createSandbox(deps, { owner, image, main, mounts, limits: jobLimits(deps, grant), network: 'shared' });
  });
}

export function jobLimits({ config }: Pick<EngineDeps, 'config'>, { limits }: JobGrant): Limits & { memory: number } {
  const memory = limits.memory_mb === null ? config.job_limits.memory : limits.memory_mb * 1024 * 1024;
  return { cpus: limits.cpus ?? config.job_limits.cpus, memory, pids: config.job_limits.pids };
}

/** Pulls or builds the job's image if it is not on this host; resolves to its ID. */
async function jobImage(
  execution: JobExecution,
  contexts: Contexts,
  { number, signal }: { number: number; signal: AbortSignal },
): Promise<string> {
  const { deps, grant } = execution;
  const watch = { progress: (line: string) => logLine(execution, number, line), signal };
  const template = grant.spec.container.image;
  if (template === null) return runnerImage(deps, grant.spec.runs_on, watch);
  const image = interpolate(template, contexts).trim();
  if (image === '') throw new UserError(`container.image is empty: \`${template}\` has no value`);
  const found = (await deps.docker.image(image)) ?? (await deps.docker.pull(image, watch));
  return found.id;
}
