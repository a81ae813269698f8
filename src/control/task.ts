import type { ServerDeps } from '../deps.ts';
import type { PlannedJob, PlannedStep } from '../jobs/plan.ts';
import { advanceRun } from './advance-run.ts';
import type { Task } from './grants.ts';
import { changeRun } from './run-change.ts';
import { transact } from './transact.ts';

/** One container job of no repository. At most one of `run` (a script) and `command` (an argv) is given; neither runs the image's own command. */
export interface NewTask {
  image: string;
  run: string | null;
  command: string[] | null;
  env: Record<string, string>;
  secrets: Record<string, string>;
  timeout_minutes: number;
  cpus: number | null;
  memory_mb: number | null;
}

/** Makes a run of one job, which lives the life of any other. On disk when it resolves; the secrets only sealed. */
export function submitTask(deps: ServerDeps, task: NewTask): Promise<{ run: string; job: string }> {
  const run = deps.newId('run');
  const job = deps.newId('job');
  const spec = taskSpec(task);
  const extra: Task = {
    command: task.run === null ? (task.command ?? []) : null,
    limits: { cpus: task.cpus, memory_mb: task.memory_mb },
  };
  return transact(deps, async (t) => {
    await t.sql
      .insertInto('runs')
      .values({
        id: run,
        number: 0,
        workflow: 'task',
        trigger: 'api',
        event: 'api',
        forced: 0,
        payload: '{}',
        status: 'queued',
        annotations: '[]',
        created_at: t.now,
      })
      .execute();
    await t.sql
      .insertInto('jobs')
      .values({
        id: job,
        run_id: run,
        position: 0,
        key: spec.key,
        base: spec.base,
        name: spec.name,
        kind: 'task',
        lane: 'test',
        status: 'waiting',
        needs: '[]',
        spec: JSON.stringify(spec),
        task: JSON.stringify(extra),
        secrets_sealed: deps.vault.seal(`job/${job}`, JSON.stringify(task.secrets)),
        outputs: '{}',
        steps: '[]',
        annotations: '[]',
        created_at: t.now,
      })
      .execute();
    const change = await changeRun(t, run);
    await advanceRun(t, change);
    await change.save();
    return { run, job };
  });
}

/** Secrets reach the task as environment variables of their names. */
function taskSpec(task: NewTask): PlannedJob {
  const fromSecrets = Object.fromEntries(Object.keys(task.secrets).map((name) => [name, `\${{ secrets['${name}'] }}`]));
  const literal = Object.fromEntries(Object.entries(task.env).map(([name, value]) => [name, asTemplate(value)]));
  return {
    key: 'task',
    base: 'task',
    name: 'task',
    kind: 'task',
    needs: [],
    if: 'success()',
    matrix: null,
    strategy: { fail_fast: true, job_index: 0, job_total: 1, max_parallel: null },
    continue_on_error: 'false',
    timeout_minutes: task.timeout_minutes,
    runs_on: [],
    container: { image: asTemplate(task.image), env: {} },
    env: [literal, fromSecrets],
    outputs: {},
    steps: task.run === null ? [] : [scriptStep(task.run)],
    environments: [],
    line: 1,
    column: 1,
  };
}

function scriptStep(run: string): PlannedStep {
  return {
    id: null,
    name: 'Run',
    if: 'success()',
    run: asTemplate(run),
    uses: null,
    with: {},
    env: {},
    shell: null,
    working_directory: null,
    continue_on_error: 'false',
    timeout_minutes: null,
    line: 1,
    column: 1,
  };
}

/** A task's texts are taken as they are: what looks like an expression in them is none. */
function asTemplate(text: string): string {
  return text.replaceAll('${{', "${{ '${{' }}");
}
