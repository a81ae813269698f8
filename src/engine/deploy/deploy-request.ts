import type { Image } from '../../deps.ts';
import type { DeployRequest } from '../../jobs/deploy/deployment.ts';
import { DEFAULT_ENVIRONMENT } from '../../workflows/action.ts';
import { type Attempt, say } from '../job/job-execution.ts';
import { buildImage } from '../names.ts';
import type { StepTurn } from '../steps/step.ts';
import { UserError } from '../user-error.ts';
import { appConfig } from './app-config.ts';

/** What is to be asked of control, and the image to hold meanwhile: its own name may move on. A rollback knows no image. */
export async function wantedDeployment(
  attempt: Attempt,
  turn: StepTurn,
): Promise<{ request: DeployRequest; image: Image | null }> {
  const { release } = attempt.grant;
  const environment = turn.with.environment || DEFAULT_ENVIRONMENT;
  const step = turn.number;
  if (release !== null) return { request: { step, release, environment }, image: null };
  const image = await givenImage(attempt, turn);
  const config = await appConfig(attempt, environment, turn.signal);
  const request = { step, config, image_id: image.id, image: turn.with.image ?? '', digest: digestOf(image) };
  return { request, image };
}

async function givenImage(attempt: Attempt, turn: StepTurn): Promise<Image> {
  const reference = turn.with.image?.trim() ?? '';
  if (reference === '') throw new UserError('`image` is empty: which image is to be deployed?');
  const { docker } = attempt.deps;
  const here = await docker.image(reference);
  const progress = (line: string) => say(attempt, turn.number, line);
  return here ?? docker.pull(reference, { progress, signal: turn.signal });
}

/** The registry's, without its name; null when the image was never pushed. */
function digestOf(image: Image): string | null {
  return image.digests[0]?.split('@')[1] ?? null;
}

/** Keeps an image from every prune by a name of its own, until a release has it. */
export async function whileHeld<T>(attempt: Attempt, image: Image | null, work: () => Promise<T>): Promise<T> {
  if (image === null) return work();
  const { docker, envelope } = attempt.deps;
  const repository = attempt.grant.source?.name ?? 'none';
  const name = buildImage(envelope.installation, repository, attempt.reporter.attempt, 'held');
  await docker.tag(image.id, name);
  try {
    return await work();
  } finally {
    await docker.untag(name);
  }
}
