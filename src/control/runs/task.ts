import type { ServerDeps } from '../../deps.ts';
import { PlannedJob } from '../../jobs/run/plan.ts';
import { type TransactDeps, transact } from '../outbox/transact.ts';
import { jobTask, type Task, taskSecrets } from '../stored/columns.ts';
import { startSingleJobRun } from './single-job-run.ts';

/** A container job without a repository, with a script (`run`) or an argv (`command`). Without both, the image's command runs. */
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

/** Starts a run of one job. The run is on disk when this resolves, with sealed secrets. */
export function submitTask(
  deps: TransactDeps & Pick<ServerDeps, 'vault'>,
  task: NewTask,
): Promise<{ run: string; job: string }> {
  const extra: Task = {
    command: task.run === null ? (task.command ?? []) : null,
    limits: { cpus: task.cpus, memory_mb: task.memory_mb },
  };
  return transact(deps, (t) => {
    const id = t.newId('job');
    const secrets_sealed = deps.vault.seal(`job/${id}`, taskSecrets.write(task.secrets));
    return startSingleJobRun(t, { workflow: 'task' }, taskSpec(task), {
      id,
      task: jobTask.write(extra),
      secrets_sealed,
    });
  });
}

/** The task gets its secrets as environment variables. */
function taskSpec(task: NewTask): PlannedJob {
  const fromSecrets = Object.fromEntries(Object.keys(task.secrets).map((name) => [name, `\${{ secrets['${name}'] }}`]));
  const literal = Object.fromEntries(Object.entries(task.env).map(([name, value]) => [name, asTemplate(value)]));
  return PlannedJob.parse({
    key: 'task',
    base: 'task',
    name: 'task',
    kind: 'task',
    timeout_minutes: task.timeout_minutes,
    container: { image: asTemplate(task.image) },
    env: [literal, fromSecrets],
    steps: task.run === null ? [] : [{ name: 'Run', run: asTemplate(task.run) }],
  });
}

/** Escapes text, so that an expression in it is not evaluated. */
function asTemplate(text: string): string {
  return text.replaceAll('${{', "${{ '${{' }}");
}
