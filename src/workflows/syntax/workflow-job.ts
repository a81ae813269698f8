import type { Node } from 'yaml';
import type { PlannedContainer } from '../../jobs/run/plan.ts';
import { type Entry, entriesOf, entryOf, isMapping, itemsOf, jsonOf, textOf, valueOf } from '../yaml/yaml-node.ts';
import { placeOf, report, type YamlSource } from '../yaml/yaml-source.ts';
import { reportUnsupported } from './unsupported.ts';
import type { Located, WorkflowJob } from './workflow.ts';
import { type RunDefaults, readCondition, readShell, readStep } from './workflow-step.ts';
import { templateOf, templatesOf } from './yaml-template.ts';

const MAX_STEPS = 1000;

export function readJob(source: YamlSource, job: Entry, defaults: RunDefaults): WorkflowJob {
  const entries = entriesOf(source, job.value, `The job \`${job.key}\``);
  reportUnsupported(source, 'job', entries);
  const strategy = entriesOf(source, valueOf(entries, 'strategy'), '`strategy`');
  const needs = itemsOf(source, valueOf(entries, 'needs')).map((node) => ({
    id: textOf(source, node, '`needs`'),
    ...placeOf(source, node),
  }));
  return {
    id: job.key,
    ...placeOf(source, job.keyNode),
    name: templateOf(source, valueOf(entries, 'name'), '`name`') || null,
    needs,
    if: readCondition(source, entryOf(entries, 'if')),
    runs_on: readRunsOn(source, entryOf(entries, 'runs-on'), job),
    matrix: located(source, entryOf(strategy, 'matrix'), (value) => jsonOf(source, value)),
    fail_fast: readText(source, strategy, 'fail-fast') ?? { value: 'true', ...placeOf(source, job.keyNode) },
    max_parallel: readText(source, strategy, 'max-parallel'),
    timeout_minutes: readText(source, entries, 'timeout-minutes'),
    continue_on_error: readText(source, entries, 'continue-on-error') ?? {
      value: 'false',
      ...placeOf(source, job.keyNode),
    },
    container: readContainer(source, valueOf(entries, 'container')),
    env: templatesOf(source, valueOf(entries, 'env'), '`env`'),
    outputs: templatesOf(source, valueOf(entries, 'outputs'), '`outputs`'),
    steps: readSteps(source, entryOf(entries, 'steps'), readDefaults(source, valueOf(entries, 'defaults'), defaults)),
  };
}

/** `defaults.run`, with the values of `inherited` where it sets none. */
export function readDefaults(source: YamlSource, node: Node | null, inherited: RunDefaults): RunDefaults {
  const run = valueOf(entriesOf(source, node, '`defaults`'), 'run');
  const entries = entriesOf(source, run, '`defaults.run`');
  const folder = entryOf(entries, 'working-directory');
  return {
    shell: readShell(source, entryOf(entries, 'shell')) ?? inherited.shell,
    working_directory:
      folder === undefined ? inherited.working_directory : templateOf(source, folder.value, '`working-directory`'),
  };
}

function readRunsOn(source: YamlSource, entry: Entry | undefined, job: Entry): WorkflowJob['runs_on'] {
  const node = entry?.value ?? null;
  if (!isMapping(source, node)) return { value: jsonOf(source, node), ...placeOf(source, node ?? job.keyNode) };
  const entries = entriesOf(source, node, '`runs-on`');
  reportUnsupported(source, 'runs-on', entries);
  return { value: jsonOf(source, valueOf(entries, 'labels')), ...placeOf(source, node) };
}

function readContainer(source: YamlSource, node: Node | null): PlannedContainer {
  if (!isMapping(source, node)) return { image: templateOf(source, node, '`container`') || null, env: {} };
  const entries = entriesOf(source, node, '`container`');
  reportUnsupported(source, 'container', entries);
  return {
    image: templateOf(source, valueOf(entries, 'image'), '`image`') || null,
    env: templatesOf(source, valueOf(entries, 'env'), '`env`'),
  };
}

function readSteps(source: YamlSource, entry: Entry | undefined, defaults: RunDefaults): WorkflowJob['steps'] {
  const items = itemsOf(source, entry?.value ?? null);
  if (items.length > MAX_STEPS) report(source, items[MAX_STEPS], `The job has more than ${MAX_STEPS} steps`);
  const steps = items.map((item) => readStep(source, item, defaults));
  const ids = new Set<string>();
  for (const [index, { id }] of steps.entries()) {
    if (id !== null && ids.has(id.toLowerCase())) report(source, items[index], `Another step has the id \`${id}\``);
    if (id !== null) ids.add(id.toLowerCase());
  }
  return steps;
}

function readText(source: YamlSource, entries: Entry[], key: string): Located<string> | null {
  return located(source, entryOf(entries, key), (value) => templateOf(source, value, `\`${key}\``));
}

function located<T>(source: YamlSource, entry: Entry | undefined, read: (value: Node | null) => T): Located<T> | null {
  return entry === undefined ? null : { value: read(entry.value), ...placeOf(source, entry.value ?? entry.keyNode) };
}
