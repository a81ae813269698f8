import type { BuildSpec } from '../docker.ts';
import { parseReference } from '../images/reference.ts';

export type BuildQuery = ReturnType<typeof buildQuery>;

/** The parameters of the Engine's `/build`. Version 2 is BuildKit. Throws for invalid tags. */
export function buildQuery(spec: BuildSpec) {
  for (const tag of spec.tags) parseReference(tag);
  return {
    version: 2,
    dockerfile: spec.dockerfile,
    t: spec.tags,
    labels: JSON.stringify(spec.labels),
    buildargs: JSON.stringify(spec.build_args),
    rm: true,
    ...(spec.target === null ? {} : { target: spec.target }),
    ...(spec.no_cache ? { nocache: true } : {}),
  };
}
