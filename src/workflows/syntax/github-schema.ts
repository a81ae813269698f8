import { NoOperationTraceWriter } from '@actions/workflow-parser';
import { convertOn } from '@actions/workflow-parser/model/converter/events';
import { handleTemplateTokenErrors } from '@actions/workflow-parser/model/converter/handle-errors';
import { convertJob } from '@actions/workflow-parser/model/converter/job';
import { TemplateContext, TemplateValidationErrors } from '@actions/workflow-parser/templates/template-context';
import { readTemplate } from '@actions/workflow-parser/templates/template-reader';
import type { TemplateToken } from '@actions/workflow-parser/templates/tokens/template-token';
import { WORKFLOW_ROOT } from '@actions/workflow-parser/workflows/workflow-constants';
import { getWorkflowSchema } from '@actions/workflow-parser/workflows/workflow-schema';
import { reportPlace, type YamlSource } from '../yaml/yaml-source.ts';
import { NodeReader } from './node-reader.ts';

/**
 * Reports what GitHub rejects: unknown keys, values of the wrong type, contexts that are not available, invalid
 * expressions.
 *
 * The tokens that GitHub's reader returns are only checked. The workflow is read from the YAML nodes, because the token
 * of a string with expressions no longer has the string: a block such as `run: |` keeps the indentation of the file, and
 * `${{ 'text' }}` becomes plain text.
 */
export function checkGitHubSchema(source: YamlSource): void {
  const context = new TemplateContext(
    new TemplateValidationErrors(),
    getWorkflowSchema(),
    new NoOperationTraceWriter(),
  );
  const file = context.getFileId(source.path);
  const root = readTemplate(context, WORKFLOW_ROOT, new NodeReader(source, file), file);
  if (context.errors.count === 0 && root !== undefined) convert(context, root);
  for (const { rawMessage, range } of context.errors.getErrors())
    reportPlace(source, range?.start ?? { line: 1, column: 1 }, rawMessage);
}

/** Runs GitHub's converters for their checks. `needs` is checked elsewhere, as GitHub's check takes quadratic time. */
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
