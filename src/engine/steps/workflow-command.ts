import type { Annotation } from '../../jobs/run/annotation.ts';

/** Commands that a line of output can contain. They do not change later steps, because a step may print text that it does not control. */
export type WorkflowCommand =
  | { kind: 'mask'; value: string }
  | { kind: 'annotation'; annotation: Annotation }
  | { kind: 'hidden' }
  /** Further commands are text until the line `::token::`. */
  | { kind: 'stop'; token: string };

const LEVELS = { error: 'failure', warning: 'warning', notice: 'notice' } as const;
const MESSAGE_LIMIT = 4096;

/** Null for any other line. */
export function parseWorkflowCommand(line: string): WorkflowCommand | null {
  const end = line.indexOf('::', 2);
  if (!line.startsWith('::') || end === -1) return null;
  const [, name = '', properties = ''] = /^(\S*) ?(.*)$/s.exec(line.slice(2, end)) ?? [];
  const data = line.slice(end + 2);
  if (name === 'add-mask') return { kind: 'mask', value: unescapeData(data) };
  if (name === 'debug') return { kind: 'hidden' };
  if (name === 'stop-commands') return data === '' || isCommand(data) ? null : { kind: 'stop', token: data };
  if (!isLevel(name)) return null;
  return { kind: 'annotation', annotation: toAnnotation(LEVELS[name], parseProperties(properties), data) };
}

/** A token that is also a command's name could appear in any output and end the stop. */
function isCommand(token: string): boolean {
  return isLevel(token) || ['add-mask', 'debug', 'stop-commands'].includes(token);
}

function isLevel(name: string): name is keyof typeof LEVELS {
  return Object.hasOwn(LEVELS, name);
}

function toAnnotation(level: Annotation['level'], given: Record<string, string>, data: string): Annotation {
  return {
    // GitHub's own default for an annotation without a file.
    path: (given.file ?? '').replace(/^\/github\/workspace\//, '') || '.github',
    line: position(given.line),
    column: position(given.col),
    level,
    message: unescapeData(data).slice(0, MESSAGE_LIMIT),
  };
}

function position(text: string | undefined): number {
  const number = Number.parseInt(text ?? '', 10);
  return Number.isSafeInteger(number) && number >= 1 ? number : 1;
}

function parseProperties(text: string): Record<string, string> {
  const pairs = text.split(',').map((pair) => pair.split(/=(.*)/s));
  return Object.fromEntries(pairs.map(([name = '', value = '']) => [name.trim(), unescapeProperty(value)]));
}

function unescapeProperty(text: string): string {
  return unescapeData(text.replaceAll('%3A', ':').replaceAll('%2C', ','));
}

function unescapeData(text: string): string {
  return text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%');
}
