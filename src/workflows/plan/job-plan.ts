import { CodedError } from '../../error.ts';
import type { Json } from '../../jobs/json.ts';
import { type Contexts, DEFAULT_TIMEOUT, type PlannedJob } from '../../jobs/run/plan.ts';
import { environmentsOf, kindOf } from '../action.ts';
import { ExpressionError } from '../expressions/expression-error.ts';
import { contextsOf, hasExpressions, interpolate, interpolateJson } from '../expressions/template.ts';
import type { Located, Workflow, WorkflowJob } from '../syntax/workflow.ts';
import type { Place } from '../yaml/yaml-source.ts';
import { expandMatrix, type MatrixCell } from './matrix.ts';

const MAX_NAME = 100;

/** The contexts that are available before any job runs. */
const AVAILABLE = ['github', 'vars', 'inputs', 'matrix', 'strategy'];

/** A job that cannot be planned, with the place to report. */
export class JobPlanError extends CodedError<'job_plan'> {
  readonly place: Place;

  constructor(place: Place, message: string) {
    super('job_plan', message, { fault: 'user' });
    this.place = place;
  }
}

/** One planned job, or one for each cell of the matrix. `keys` are the keys in use; it adds its own. Throws JobPlanError. */
export function planJob(workflow: Workflow, job: WorkflowJob, contexts: Contexts, keys: Set<string>): PlannedJob[] {
  const cells = cellsOf(job, contexts);
  return cells.map((cell, index) => {
    const strategy = strategyOf(job, contexts, index, cells.length);
    const available = { ...contexts, matrix: cell.values, strategy: strategyContext(strategy) };
    const key = unique(labelled(job.id, cell), keys);
    return {
      key,
      base: job.id,
      name: nameOf(job, cell, available),
      kind: kindOf(job.steps),
      needs: exactNeeds(workflow, job),
      if: job.if,
      matrix: job.matrix === null ? null : cell.values,
      strategy,
      continue_on_error: flagOf(job.continue_on_error, available, '`continue-on-error`'),
      timeout_minutes: numberOf(job.timeout_minutes, available, '`timeout-minutes`') ?? DEFAULT_TIMEOUT,
      runs_on: labelsOf(job.runs_on, available),
      container: job.container,
      env: [workflow.env, job.env],
      outputs: job.outputs,
      steps: job.steps,
      environments: environmentsOf(job.steps),
      line: job.line,
      column: job.column,
    };
  });
}

function cellsOf(job: WorkflowJob, contexts: Contexts): MatrixCell[] {
  if (job.matrix === null) return [{ values: {}, labels: [] }];
  const expanded = expandMatrix(evaluate(job.matrix, contexts, '`matrix`'));
  if ('problem' in expanded) throw new JobPlanError(job.matrix, expanded.problem);
  return expanded.cells;
}

function strategyOf(job: WorkflowJob, contexts: Contexts, index: number, total: number): PlannedJob['strategy'] {
  const parallel = numberOf(job.max_parallel, contexts, '`max-parallel`');
  return {
    fail_fast: flagOf(job.fail_fast, contexts, '`fail-fast`') !== 'false',
    job_index: index,
    job_total: total,
    max_parallel: parallel === null ? null : Math.ceil(parallel),
  };
}

/** The `strategy` context, with GitHub's names. */
function strategyContext(strategy: PlannedJob['strategy']): Json {
  return {
    'fail-fast': strategy.fail_fast,
    'job-index': strategy.job_index,
    'job-total': strategy.job_total,
    'max-parallel': strategy.max_parallel ?? strategy.job_total,
  };
}

/** As on GitHub, the cell's labels are added to a name without expressions. */
function nameOf(job: WorkflowJob, cell: MatrixCell, contexts: Contexts): string {
  if (job.name === null || !hasExpressions(job.name)) return labelled(job.name ?? job.id, cell);
  if ([...contextsOf(job.name)].some((context) => !AVAILABLE.includes(context))) return job.name;
  return withPlanErrors(job, () => interpolate(job.name ?? '', contexts)) || job.id;
}

function labelled(name: string, cell: MatrixCell): string {
  const full = cell.labels.length === 0 ? name : `${name} (${cell.labels.join(', ')})`;
  return full.length > MAX_NAME ? `${full.slice(0, MAX_NAME - 3)}...` : full;
}

/** Cells can have equal labels, and long keys are shortened. */
function unique(key: string, keys: Set<string>): string {
  let free = key;
  for (let number = 2; keys.has(free); number++) free = `${key} #${number}`;
  keys.add(free);
  return free;
}

/** `needs` with the exact ids of the jobs, because ids are case-insensitive. */
function exactNeeds(workflow: Workflow, job: WorkflowJob): string[] {
  const wanted = new Set(job.needs.map((need) => need.id.toLowerCase()));
  return workflow.jobs.flatMap(({ id }) => (wanted.has(id.toLowerCase()) ? [id] : []));
}

function labelsOf(runs_on: Located<Json>, contexts: Contexts): string[] {
  const value = evaluate(runs_on, contexts, '`runs-on`');
  const labels = Array.isArray(value) ? value : [value];
  const texts = labels.filter((label) => typeof label === 'string' && label !== '').map(String);
  if (texts.length === labels.length && texts.length > 0) return texts;
  throw new JobPlanError(runs_on, '`runs-on` must evaluate to a label or a list of labels');
}

function numberOf(text: Located<string> | null, contexts: Contexts, what: string): number | null {
  if (text === null) return null;
  const value = Number(evaluate(text, contexts, what));
  if (Number.isFinite(value) && value > 0) return value;
  throw new JobPlanError(text, `${what} must evaluate to a number greater than 0`);
}

/** An expression can evaluate to a boolean, or to the text `true` or `false`. */
function flagOf(text: Located<string>, contexts: Contexts, what: string): 'true' | 'false' {
  const value = evaluate(text, contexts, what);
  return value === true || value === 'true' ? 'true' : 'false';
}

/** Evaluates a value that is needed before any job runs. */
function evaluate({ value, ...place }: Located<Json>, contexts: Contexts, what: string): Json {
  return withPlanErrors(place, () => {
    const late = templatesIn(value).flatMap((text) =>
      [...contextsOf(text)].filter((name) => !AVAILABLE.includes(name)),
    );
    if (late.length > 0)
      throw new JobPlanError(
        place,
        `${what} is evaluated before any job runs: Gantry does not support \`${late[0]}\` there yet`,
      );
    return interpolateJson(value, contexts);
  });
}

function templatesIn(value: Json): string[] {
  if (typeof value === 'string') return hasExpressions(value) ? [value] : [];
  return value !== null && typeof value === 'object' ? Object.values(value).flatMap(templatesIn) : [];
}

function withPlanErrors<T>(place: Place, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof ExpressionError) throw new JobPlanError(place, error.message);
    throw error;
  }
}
