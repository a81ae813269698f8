import { z } from 'zod';

const Time = z.string().nullable();

export const Step = z.looseObject({
  number: z.int(),
  name: z.string(),
  status: z.string(),
  reason: z.string().nullish(),
  started_at: Time.nullish(),
  finished_at: Time.nullish(),
});
export type Step = z.infer<typeof Step>;

export const Job = z.looseObject({
  id: z.string(),
  run_id: z.string().nullish(),
  name: z.string(),
  kind: z.string(),
  status: z.string(),
  reason: z.string().nullish(),
  exit_code: z.int().nullish(),
  attempt: z.int().nullish(),
  outputs: z.record(z.string(), z.string()).default({}),
  steps: z.array(Step).default([]),
  started_at: Time.nullish(),
  finished_at: Time.nullish(),
});
export type Job = z.infer<typeof Job>;

const Annotation = z.looseObject({
  path: z.string(),
  line: z.int(),
  column: z.int(),
  level: z.string(),
  message: z.string(),
});

/** A run in a response of the API. Unknown properties are kept for `--json`. */
export const Run = z.looseObject({
  id: z.string(),
  number: z.int().nullish(),
  repo: z.string().nullish(),
  workflow: z.string().nullish(),
  trigger: z.string().nullish(),
  ref: z.string().nullish(),
  sha: z.string().nullish(),
  status: z.string(),
  reason: z.string().nullish(),
  annotations: z.array(Annotation).default([]),
  created_at: z.string(),
  started_at: Time.nullish(),
  finished_at: Time.nullish(),
  jobs: z.array(Job).default([]),
});
export type Run = z.infer<typeof Run>;

export const Deployment = z.looseObject({
  id: z.string(),
  app: z.string(),
  environment: z.string(),
  release: z.string().nullish(),
  image: z.string().nullish(),
  sha: z.string().nullish(),
  run_id: z.string(),
  status: z.string(),
  reason: z.string().nullish(),
  url: z.string().nullish(),
  replaced: z.string().nullish(),
  phases: z
    .array(z.looseObject({ name: z.string(), started_at: z.string(), finished_at: z.string().nullish() }))
    .default([]),
  created_at: z.string(),
  live_at: z.string().nullish(),
});
export type Deployment = z.infer<typeof Deployment>;

export function isOver(status: string): boolean {
  return ['succeeded', 'failed', 'errored', 'timed_out', 'cancelled', 'skipped'].includes(status);
}

/** `acme/shop #12 CI` */
export function describeRun(run: Run): string {
  // Runs are numbered per repository; the run of a task has no repository.
  const number = run.repo ? `#${run.number}` : '';
  return [run.repo, number, run.workflow].filter(Boolean).join(' ') || run.id;
}

/** `main`, `v1.2` or `pull 7`, from a full ref. */
export function shortRef(ref: string | null | undefined): string {
  return (ref ?? '').replace(/^refs\/(heads|tags)\//, '').replace(/^refs\/pull\/(\d+)\/.*$/, 'pull $1');
}

export function shortSha(sha: string | null | undefined): string {
  return (sha ?? '').slice(0, 8);
}
