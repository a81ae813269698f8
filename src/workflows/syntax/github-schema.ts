import { NoOperationTraceWriter, parseWorkflow } from '@actions/workflow-parser';
import { convertOn } from '@actions/workflow-parser/model/converter/events';
import { handleTemplateTokenErrors } from '@actions/workflow-parser/model/converter/handle-errors';
import { convertJob } from '@actions/workflow-parser/model/converter/job';
import type { TemplateContext } from '@actions/workflow-parser/templates/template-context';
import type { TemplateToken } from '@actions/workflow-parser/templates/tokens/template-token';
import { reportPlace, type YamlSource } from '../yaml/yaml-source.ts';

/** Reports what GitHub would refuse: unknown keys, values of the wrong kind, contexts out of their place, bad expressions. */
export function checkGitHubSchema(source: YamlSource): void {
  const file = { name: source.path, content: source.text };
  const { context, value } = parseWorkflow(file, new NoOperationTraceWriter());
  if (context.errors.count === 0 && value !== undefined) convert(context, value);
  for (const { rawMessage, range } of context.errors.getErrors())
    reportPlace(source, range?.start ?? { line: 1, column: 1 }, rawMessage);
}

/** GitHub's second pass; all of it but `needs`, whose order it finds in quadratic time. */
function convert(context: TemplateContext, root: TemplateToken): void {
  for (const { key, value } of root.assertMapping('workflow')) {
    if (key.toString() === 'on') handleTemplateTokenErrors(value, context, {}, () => convertOn(context, value));
    if (key.toString() === 'jobs') convertJobs(context, value);
  }
}

function convertJobs(context: TemplateContext, jobs: TemplateToken): void {
  for (const { key, value } of jobs.assertMapping('jobs'))
    handleTemplateTokenErrors(value, context, undefined, () => {
      convertJob(context, key.assertString('job'), value.assertMapping('job'));
      return undefined;
    });
}
