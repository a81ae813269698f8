import type { DeployAnswer, DeployOrder } from '../../jobs/deploy/deployment.ts';
import type { EngineDeps } from '../engine-deps.ts';
import { type JobExecution, logLine } from '../execution/job-execution.ts';
import type { RunningStep, StepEnd } from '../execution/step.ts';
import { SUCCESS } from '../verdict.ts';
import { deploy } from './deploy.ts';
import { deployRequest, whileTagged } from './deploy-request.ts';

/** gantry/deploy@v1: makes an image a release and gives it the environment's traffic, or does so with a kept release. */
export async function deployStep(execution: JobExecution, step: RunningStep): Promise<StepEnd> {
  const { request, image } = await deployRequest(execution, step);
  return whileTagged(execution, image, async () => {
    logLine(execution, step.number, 'Waiting for the environment; other deployments to it finish first');
    const answer = await execution.reporter.ask({ type: 'deploy', data: request }, step.signal);
    return act(execution, step, answer);
  });
}

async function act(execution: JobExecution, step: RunningStep, answer: DeployAnswer): Promise<StepEnd> {
  switch (answer.go) {
    case 'stop':
      return stop(execution, answer);
    case 'live':
      return { verdict: SUCCESS, outputs: outputsOf(answer, answer.url) };
    case 'start': {
      const stopped = await deploy(execution, step, answer.order);
      if (stopped !== null) return stop(execution, stopped);
      return { verdict: SUCCESS, outputs: outputsOf(answer.order, urlOf(execution.deps, answer.order)) };
    }
  }
}

type Stop = Extract<DeployAnswer, { go: 'stop' }>;

/** Control's refusal decides the job's verdict. Only after a failure may later steps (`if: failure()`) still run. */
function stop(execution: Pick<JobExecution, 'interruption'>, { status, reason }: Omit<Stop, 'go'>): StepEnd {
  const verdict = { status, reason, exit_code: null };
  if (status !== 'failed') execution.interruption ??= verdict;
  return { verdict, outputs: {} };
}

function outputsOf({ deployment, release }: { deployment: string; release: string }, url: string | null) {
  return { deployment, release, ...(url === null ? {} : { url }) };
}

/** Null for an app without a host: the proxy sends it the requests for unknown hosts. */
function urlOf({ config: { proxy_http_port } }: Pick<EngineDeps, 'config'>, { config }: DeployOrder): string | null {
  const [host] = config.processes.web.hosts;
  const port = proxy_http_port === 80 || proxy_http_port === 0 ? '' : `:${proxy_http_port}`;
  return host === undefined ? null : `http://${host}${port}`;
}
