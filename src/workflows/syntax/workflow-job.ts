import type { Node } from 'yaml';
import type { PlannedContainer } from '../../jobs/run/plan.ts';
import { type Entry, entriesOf, isMapping, itemsOf, jsonOf, textOf } from '../yaml/yaml-node.ts';
import { placeOf, report, type YamlSource } from '../yaml/yaml-source.ts';
import { reportUnsupported } from './unsupported.ts';
import type { Located, WorkflowJob } from './workflow.ts';
import { type RunDefaults, readCondition, readShell, readStep } from './workflow-step.ts';
import { templateOf, templatesOf } from './yaml-template.ts';

const MAX_STEPS = 1000;

export function readJob(source: YamlSource, job: Entry, defaults: RunDefaults): WorkflowJob {
  const entries = entriesOf(source, job.value, `The job \`${job.key}\``);
  reportUnsupported(source, 'job', entries);
  const find = (key: string) => entries.find((entry) => entry.key === key);
  const valueOf = (key: string) => find(key)?.value ?? null;
  const strategy = entriesOf(source, valueOf('strategy'), '`strategy`');
  const needs = itemsOf(source, valueOf('needs')).map((node) => ({
    id: textOf(source, node, '`needs`'),
    ...placeOf(source, node),
  }));
  return {
    id: job.key,
    ...placeOf(source, job.keyNode),
    name: find('name') === undefined ? null : templateOf(source, valueOf('name'), '`name`') || null,
    needs,
    if: readCondition(source, find('if')),
    runs_on: readRunsOn(source, find('runs-on'), job),
    matrix: located(
      source,
      strategy.find(({ key }) => key === 'matrix'),
      (value) => jsonOf(source, value),
    ),
    fail_fast: readText(source, strategy, 'fail-fast') ?? { value: 'true', ...placeOf(source, job.keyNode) },
    max_parallel: readText(source, strategy, 'max-parallel'),
    timeout_minutes: readText(source, entries, 'timeout-minutes'),
    continue_on_error: readText(source, entries, 'continue-on-error') ?? {
      value: 'false',
      ...placeOf(source, job.keyNode),
    },
    container: readContainer(source, valueOf('container')),
    env: templatesOf(source, valueOf('env'), '`env`'),
    outputs: templatesOf(source, valueOf('outputs'), '`outputs`'),
    steps: readSteps(source, find('steps'), readDefaults(source, valueOf('defaults'), defaults)),
  };
}

/** `defaults.run`; `inherited` for what it does not set. */
export function readDefaults(source: YamlSource, node: Node | null, inherited: RunDefaults): RunDefaults {
  const run = entriesOf(source, node, '`defaults`').find(({ key }) => key === 'run');
  const entries = entriesOf(source, run?.value ?? null, '`defaults.run`');
  const folder = entries.find(({ key }) => key === 'working-directory');
  return {
    shell:
      readShell(
        source,
        entries.find(({ key }) => key === 'shell'),
      ) ?? inherited.shell,
    working_directory:
      folder === undefined ? inherited.working_directory : templateOf(source, folder.value, '`working-directory`'),
  };
}

function readRunsOn(source: YamlSource, entry: Entry | undefined, job: Entry): WorkflowJob['runs_on'] {
  const node = entry?.value ?? null;
  if (!isMapping(source, node)) return { value: jsonOf(source, node), ...placeOf(source, node ?? job.keyNode) };
  const entries = entriesOf(source, node, '`runs-on`');
  reportUnsupported(source, 'runs-on', entries);
  return {
    value: jsonOf(source, entries.find(({ key }) => key === 'labels')?.value ?? null),
    ...placeOf(source, node),
  };
}

function readContainer(source: YamlSource, node: Node | null): PlannedContainer {
  if (!isMapping(source, node))
    return { image: node === null ? null : templateOf(source, node, '`container`') || null, env: {} };
  const entries = entriesOf(source, node, '`container`');
  reportUnsupported(source, 'container', entries);
  const valueOf = (key: string) => entries.find((entry) => entry.key === key)?.value ?? null;
  return {
    image: templateOf(source, valueOf('image'), '`image`') || null,
    env: templatesOf(source, valueOf('env'), '`env`'),
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
  return located(
    source,
    entries.find((entry) => entry.key === key),
    (value) => templateOf(source, value, `\`${key}\``),
  );
}

function located<T>(source: YamlSource, entry: Entry | undefined, read: (value: Node | null) => T): Located<T> | null {
  return entry === undefined ? null : { value: read(entry.value), ...placeOf(source, entry.value ?? entry.keyNode) };
}
