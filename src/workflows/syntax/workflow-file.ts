import type { Annotation } from '../../jobs/run/annotation.ts';
import { readYaml } from '../yaml/yaml-file.ts';
import { entriesOf, textOf, valueOf } from '../yaml/yaml-node.ts';
import { annotationsOf, hasFailed, parserFailure, reportPlace, type YamlSource } from '../yaml/yaml-source.ts';
import { checkGitHubSchema } from './github-schema.ts';
import { checkNeeds } from './needs.ts';
import { reportUnsupported } from './unsupported.ts';
import type { Workflow } from './workflow.ts';
import { readEvents, readInputs } from './workflow-events.ts';
import { readDefaults, readJob } from './workflow-job.ts';
import { templateOf, templatesOf } from './yaml-template.ts';

const MAX_EXPRESSIONS = 3000;

export type ParsedWorkflow =
  | { workflow: Workflow; annotations: Annotation[] }
  | { workflow: null; annotations: Annotation[] };

/** Parses any text without throwing. The annotations of a valid workflow are warnings; those of an invalid one include a failure. */
export function parseWorkflow(path: string, text: string): ParsedWorkflow {
  try {
    const source = readYaml(path, text);
    if (!hasFailed(source)) checkExpressionCount(source);
    if (!hasFailed(source)) checkGitHubSchema(source);
    const workflow = hasFailed(source) ? null : readWorkflow(source);
    return { workflow: hasFailed(source) ? null : workflow, annotations: annotationsOf(source) };
  } catch (error) {
    return { workflow: null, annotations: [parserFailure(path, error)] };
  }
}

/** GitHub's check scans the text before each expression again, which takes quadratic time. */
function checkExpressionCount(source: YamlSource): void {
  const count = source.text.split('${{', MAX_EXPRESSIONS + 2).length - 1;
  if (count > MAX_EXPRESSIONS)
    reportPlace(source, { line: 1, column: 1 }, `The file has more than ${MAX_EXPRESSIONS} expressions`);
}

function readWorkflow(source: YamlSource): Workflow {
  const entries = entriesOf(source, source.document.contents, 'A workflow');
  reportUnsupported(source, 'workflow', entries);
  const defaults = readDefaults(source, valueOf(entries, 'defaults'), { shell: null, working_directory: null });
  const jobs = entriesOf(source, valueOf(entries, 'jobs'), '`jobs`').map((job) => readJob(source, job, defaults));
  for (const problem of checkNeeds(jobs)) reportPlace(source, problem, problem.message);
  return {
    path: source.path,
    name: textOf(source, valueOf(entries, 'name'), '`name`') || source.path,
    run_name: templateOf(source, valueOf(entries, 'run-name'), '`run-name`') || null,
    events: readEvents(source, valueOf(entries, 'on')),
    inputs: readInputs(source, valueOf(entries, 'on')),
    env: templatesOf(source, valueOf(entries, 'env'), '`env`'),
    jobs,
  };
}
