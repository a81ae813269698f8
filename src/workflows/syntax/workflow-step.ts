import type { Node } from 'yaml';
import type { PlannedStep } from '../../jobs/run/plan.ts';
import { inputProblem, missingInputs, refusalOf } from '../action.ts';
import { conditionOf, isAlwaysTrue } from '../expressions/condition.ts';
import { parseExpression } from '../expressions/expression.ts';
import { type Entry, entriesOf, entryOf, textOf, valueOf } from '../yaml/yaml-node.ts';
import { placeOf, report, type YamlSource } from '../yaml/yaml-source.ts';
import { reportErrors, templateOf, templatesOf } from './yaml-template.ts';

/** The values of `defaults.run` that apply to a job's steps. */
export interface RunDefaults {
  shell: string | null;
  working_directory: string | null;
}

const SHELLS = ['bash', 'sh', 'python'];

export function readStep(source: YamlSource, node: Node, defaults: RunDefaults): PlannedStep {
  const entries = entriesOf(source, node, 'A step');
  const text = (key: string) => optional(entryOf(entries, key), (value) => templateOf(source, value, `\`${key}\``));
  const run = text('run');
  const uses = optional(entryOf(entries, 'uses'), (value) => textOf(source, value, '`uses`'));
  return {
    id: text('id'),
    name: text('name') || nameOf(run, uses),
    if: readCondition(source, entryOf(entries, 'if')),
    run,
    uses,
    with: readInputs(source, uses, entryOf(entries, 'uses'), entryOf(entries, 'with')),
    env: templatesOf(source, valueOf(entries, 'env'), '`env`'),
    shell: run === null ? null : (readShell(source, entryOf(entries, 'shell')) ?? defaults.shell),
    working_directory: run === null ? null : (text('working-directory') ?? defaults.working_directory),
    continue_on_error: text('continue-on-error') ?? 'false',
    timeout_minutes: text('timeout-minutes'),
    ...placeOf(source, node),
  };
}

/** An `if` as an expression without `${{ }}`. */
export function readCondition(source: YamlSource, entry: Entry | undefined): string {
  if (entry === undefined) return 'success()';
  const read = () => {
    const text = textOf(source, entry.value, '`if`');
    const condition = conditionOf(text);
    parseExpression(condition);
    if (isAlwaysTrue(text))
      report(
        source,
        entry.value,
        'This `if` is always true: put the whole condition inside `${{ }}`, or remove `${{ }}`',
        'warning',
      );
    return condition;
  };
  return reportErrors(source, entry.value, read) ?? 'success()';
}

export function readShell(source: YamlSource, entry: Entry | undefined): string | null {
  if (entry === undefined) return null;
  const shell = textOf(source, entry.value, '`shell`');
  if (SHELLS.includes(shell)) return shell;
  report(
    source,
    entry.value,
    `\`shell: ${shell}\` is not supported by Gantry yet; the supported shells are ${SHELLS.join(', ')}`,
  );
  return null;
}

/** The name of a step without `name`, as on GitHub, but with only the first line of a script. */
function nameOf(run: string | null, uses: string | null): string {
  return `Run ${uses ?? run?.trimStart().split('\n', 1)[0]?.trimEnd() ?? ''}`;
}

/** Input names are case-insensitive; the result has them in lower case. */
function readInputs(
  source: YamlSource,
  uses: string | null,
  key: Entry | undefined,
  given: Entry | undefined,
): Record<string, string> {
  if (uses === null || key === undefined) return {};
  const refusal = refusalOf(uses);
  if (refusal !== null) {
    report(source, key.value, refusal);
    return {};
  }
  const inputs = entriesOf(source, given?.value ?? null, '`with`').map(({ key: name, keyNode, value }) => {
    const text = templateOf(source, value, `\`${name}\``);
    const problem = inputProblem(uses, name.toLowerCase(), text);
    if (problem !== null) report(source, keyNode, problem);
    return [name.toLowerCase(), text] as const;
  });
  for (const name of missingInputs(
    uses,
    inputs.map(([input]) => input),
  ))
    report(source, key.value, `\`uses: ${uses}\` requires the input \`${name}\``);
  return Object.fromEntries(inputs);
}

function optional<T>(entry: Entry | undefined, read: (value: Node | null) => T): T | null {
  return entry === undefined ? null : read(entry.value);
}
