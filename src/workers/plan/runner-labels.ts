import type { Annotation } from '../../jobs/run/annotation.ts';
import type { PlannedJob } from '../../jobs/run/plan.ts';

/** An annotation for each job without an image: no label of it is mapped to one, and it has no `container`. */
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
    const message = `The job \`${base}\` runs on ${runs_on.join(', ')}, but no image is mapped to these labels (mapped: ${mapped}). Map one with GANTRY_RUNNER_IMAGES, or give the job a \`container\``;
    return [{ path, line, column, level: 'failure' as const, message }];
  });
}
