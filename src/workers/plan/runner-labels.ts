import type { Annotation } from '../../jobs/run/annotation.ts';
import type { PlannedJob } from '../../jobs/run/plan.ts';

/** A remark for each job that no image is mapped to; a job with a `container` needs none. */
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
    const message = `The job \`${base}\` runs on ${runs_on.join(', ')}, which no image is mapped to; there are ${mapped}. GANTRY_RUNNER_IMAGES maps more, or give the job a \`container\``;
    return [{ path, line, column, level: 'failure' as const, message }];
  });
}
