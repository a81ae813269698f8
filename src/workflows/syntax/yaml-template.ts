import type { Node } from 'yaml';
import { parseExpression } from '../expressions/expression.ts';
import { ExpressionError } from '../expressions/expression-error.ts';
import { segmentsOf } from '../expressions/template.ts';
import { entriesOf, textOf } from '../yaml/yaml-node.ts';
import { report, type YamlSource } from '../yaml/yaml-source.ts';

/** A scalar as a template. Reports invalid expressions. */
export function templateOf(source: YamlSource, node: Node | null, what: string): string {
  const text = textOf(source, node, what);
  reportErrors(source, node, () => {
    for (const { kind, text: part } of segmentsOf(text)) if (kind === 'expression') parseExpression(part);
  });
  return text;
}

/** A mapping of names to templates. */
export function templatesOf(source: YamlSource, node: Node | null, what: string): Record<string, string> {
  const entries = entriesOf(source, node, what).map(({ key, keyNode, value }) => {
    if (key.includes('${{'))
      report(source, keyNode, `Expressions in the keys of ${what} are not supported by Gantry yet`);
    return [key, templateOf(source, value, `\`${key}\``)];
  });
  return Object.fromEntries(entries);
}

/** Reports an ExpressionError and returns null; other errors are thrown. */
export function reportErrors<T>(source: YamlSource, node: Node | null, work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    report(source, node, error.message);
    return null;
  }
}
