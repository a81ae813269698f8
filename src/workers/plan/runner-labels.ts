import type { Annotation } from '../../jobs/run/annotation.ts';
import type { PlannedJob } from '../../jobs/run/plan.ts';

/** An annotation for each job whose labels no image is mapped to; a job with a `container` needs no image. */
export function unmappedLabels(
  path: string,
  jobs: readonly PlannedJob[],
  images: Record<string, string>,
): Annotation[] {
  const unmapped = jobs.filter(
    ({ container, runs_on }) => container.image === null && !runs_on.some((label) => Object.hasOwn(images, label)),
  );
  const mapped = Object.keys(images).join(', ');
  return [...Map.groupBy(unmapped, ({ base }) => base).values()].flatMap(([job]) => {
    if (job === undefined) return [];
    const { line, column, base, runs_on } = job;
    const message = `The job \`${base}\` runs on ${runs_on.join(', ')}, but no image is mapped to that label (mapped: ${mapped}). Map it with GANTRY_RUNNER_IMAGES, or give the job a \`container\``;
    return [{ path, line, column, level: 'failure' as const, message }];
  });
}
