import type { DeployAnswer, DeployOrder } from '../../jobs/deploy/deployment.ts';
import { type Attempt, say } from '../job/job-execution.ts';
import type { StepEnd, StepTurn } from '../steps/step.ts';
import { SUCCESS } from '../verdict.ts';
import { deploy } from './deploy.ts';
import { wantedDeployment, whileHeld } from './deploy-request.ts';

/** gantry/deploy@v1: an image becomes a release and takes the environment's traffic, or a kept release is put back. */
export async function deployStep(attempt: Attempt, turn: StepTurn): Promise<StepEnd> {
  const { request, image } = await wantedDeployment(attempt, turn);
  return whileHeld(attempt, image, async () => {
    say(attempt, turn.number, 'Asking for the environment; a deployment under way there is waited for');
    return follow(attempt, turn, await attempt.reporter.ask({ type: 'deploy', data: request }, turn.signal));
  });
}

async function follow(attempt: Attempt, turn: StepTurn, answer: DeployAnswer): Promise<StepEnd> {
  switch (answer.go) {
    case 'stop':
      return stopped(attempt, answer);
    case 'live':
      return { verdict: SUCCESS, outputs: outputsOf(answer, answer.url) };
    case 'start': {
      const stop = await deploy(attempt, turn, answer.order);
      return stop === null
        ? { verdict: SUCCESS, outputs: outputsOf(answer.order, urlOf(attempt, answer.order)) }
        : stopped(attempt, stop);
    }
  }
}

type Stop = Extract<DeployAnswer, { go: 'stop' }>;

/** Control's no is the job's verdict; only a failure is one that steps may still ask about. */
function stopped(attempt: Attempt, { status, reason }: Omit<Stop, 'go'>): StepEnd {
  const verdict = { status, reason, exit_code: null };
  if (status !== 'failed') attempt.interruption ??= verdict;
  return { verdict, outputs: {} };
}

function outputsOf({ deployment, release }: { deployment: string; release: string }, url: string | null) {
  return { deployment, release, ...(url === null ? {} : { url }) };
}

/** Null for an app without a host of its own: the proxy sends it what no other has. */
function urlOf({ deps }: Attempt, { config }: DeployOrder): string | null {
  const [host] = config.processes.web.hosts;
  const port = deps.config.proxy_http_port;
  return host === undefined ? null : `http://${host}${port === 80 || port === 0 ? '' : `:${port}`}`;
}
