import type { Image } from '../deps.ts';
import type { DeployAnswer, DeployRequest } from '../jobs/deployment.ts';
import { DEFAULT_ENVIRONMENT } from '../workflows/action.ts';
import { appConfig } from './app-config.ts';
import { type Attempt, say } from './attempt.ts';
import { buildImage, releaseImage } from './names.ts';
import { Refusal } from './refusal.ts';
import type { StepTurn } from './step.ts';

/** Asks control for the environment, and waits for it as long as it takes. The image is held meanwhile: its own name may move on. */
export async function askForEnvironment(attempt: Attempt, turn: StepTurn): Promise<DeployAnswer> {
  const { release } = attempt.grant;
  const environment = turn.with.environment || DEFAULT_ENVIRONMENT;
  if (release !== null) return ask(attempt, turn, { step: turn.number, release, environment });
  const image = await givenImage(attempt, turn);
  const config = await appConfig(attempt, environment, turn.signal);
  const request = {
    step: turn.number,
    config,
    image_id: image.id,
    image: turn.with.image ?? '',
    digest: digestOf(image),
  };
  return whileHeld(attempt, image, () => ask(attempt, turn, request));
}

/** An order to start comes back with its image tagged: no prune takes a release. */
async function ask(attempt: Attempt, turn: StepTurn, data: DeployRequest): Promise<DeployAnswer> {
  const { machine, courier } = attempt;
  say(attempt, turn.number, 'Asking for the environment; a deployment under way there is waited for');
  const answer = await courier.ask({ type: 'deploy', data }, turn.signal);
  if (answer.go !== 'start') return answer;
  const { config, image_id, release } = answer.order;
  await machine.docker.tag(image_id, releaseImage(config.app, config.environment, release));
  return answer;
}

async function givenImage(attempt: Attempt, turn: StepTurn): Promise<Image> {
  const reference = turn.with.image?.trim() ?? '';
  if (reference === '') throw new Refusal('`image` is empty: which image is to be deployed?');
  const { docker } = attempt.machine;
  const here = await docker.image(reference);
  const progress = (line: string) => say(attempt, turn.number, line);
  return here ?? docker.pull(reference, { progress, signal: turn.signal });
}

/** The registry's, without its name; null when the image was never pushed. */
function digestOf(image: Image): string | null {
  return image.digests[0]?.split('@')[1] ?? null;
}

async function whileHeld<T>(attempt: Attempt, image: Image, work: () => Promise<T>): Promise<T> {
  const { docker } = attempt.machine;
  const name = `${buildImage(attempt.grant.source?.name ?? 'none', attempt.courier.attempt)}-held`;
  await docker.tag(image.id, name);
  try {
    return await work();
  } finally {
    await docker.untag(name);
  }
}
