import type { ServerDeps } from '../../deps.ts';
import { ownJob, ownStep } from '../../jobs/run/own-job.ts';
import type { PlannedJob } from '../../jobs/run/plan.ts';
import type { Task } from '../protocol/grant.ts';
import { transact } from '../outbox/transact.ts';
import { startOwnRun } from './own-run.ts';

/** One container job of no repository. Of `run` (a script) and `command` (an argv) one is given; an empty argv is the image's own. */
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
  const extra: Task = {
    command: task.run === null ? (task.command ?? []) : null,
    limits: { cpus: task.cpus, memory_mb: task.memory_mb },
  };
  return transact(deps, (t) => {
    const id = t.newId('job');
    const secrets_sealed = deps.vault.seal(`job/${id}`, JSON.stringify(task.secrets));
    return startOwnRun(t, { workflow: 'task' }, taskSpec(task), { id, task: JSON.stringify(extra), secrets_sealed });
  });
}

/** Secrets reach the task as environment variables of their names. */
function taskSpec(task: NewTask): PlannedJob {
  const fromSecrets = Object.fromEntries(Object.keys(task.secrets).map((name) => [name, `\${{ secrets['${name}'] }}`]));
  const literal = Object.fromEntries(Object.entries(task.env).map(([name, value]) => [name, asTemplate(value)]));
  return ownJob({
    key: 'task',
    name: 'task',
    kind: 'task',
    timeout_minutes: task.timeout_minutes,
    container: { image: asTemplate(task.image), env: {} },
    env: [literal, fromSecrets],
    steps: task.run === null ? [] : [ownStep({ name: 'Run', run: asTemplate(task.run) })],
  });
}

/** A task's texts are taken as they are: what looks like an expression in them is none. */
function asTemplate(text: string): string {
  return text.replaceAll('${{', "${{ '${{' }}");
}
