import type { Trigger } from '../../jobs/run/trigger.ts';
import { compileGlob } from '../glob.ts';
import type { EventFilter, Workflow } from '../syntax/workflow.ts';
import { skipMark } from './skip-ci.ts';

export type TriggerMatch = { run: true } | { run: false; reason: string };

const RUN = { run: true } as const;
/** GitHub's default of `types`. */
const PULL_REQUEST_TYPES = ['opened', 'synchronize', 'reopened'];

/**
 * Whether a workflow's `on` matches the trigger. `changed` are the paths that the push or pull request changes; if they
 * are unknown, it is null and every path filter matches. `message` is the message of a pull request's head commit, which
 * the event does not include.
 */
export function matchTrigger(
  workflow: Workflow,
  trigger: Trigger,
  changed: string[] | null,
  message: string | null,
): TriggerMatch {
  if (trigger.kind === 'api') return matchManualStart(workflow, trigger);
  const filter = workflow.events[trigger.event];
  if (filter === undefined) return no(`it does not start on ${trigger.event}`);
  if (trigger.event === 'push') return matchPush(filter, trigger, changed);
  if (trigger.event !== 'pull_request') return RUN;
  if (message !== null && skipMark(message) !== null) return no('its head commit message skips it');
  return matchPullRequest(filter, trigger, changed);
}

/** A manual start that names no workflow starts what a push to the ref would start, regardless of path filters. */
function matchManualStart(workflow: Workflow, trigger: Trigger): TriggerMatch {
  const filter = workflow.events.push;
  if (filter === undefined) return no('it does not start on push; to start it manually, specify its name');
  return matchPush(filter, trigger, null);
}

function matchPush(filter: EventFilter, trigger: Trigger, changed: string[] | null): TriggerMatch {
  const { ref } = trigger;
  const [own, other] = ref.startsWith('refs/tags/') ? (['tags', 'branches'] as const) : (['branches', 'tags'] as const);
  const name = ref.replace(/^refs\/(heads|tags)\//, '');
  if (!filtersBy(filter, own) && filtersBy(filter, other)) return no(`it starts on ${other} only`);
  if (!passes(filter[own], filter[`${own}-ignore`], name)) return no(`${name} is not one of its ${own}`);
  return own === 'tags' ? RUN : matchPaths(filter, changed);
}

function matchPullRequest(filter: EventFilter, trigger: Trigger, changed: string[] | null): TriggerMatch {
  const types = filter.types ?? PULL_REQUEST_TYPES;
  if (trigger.action !== null && !types.includes(trigger.action)) return no(`it does not start on ${trigger.action}`);
  const base = (trigger.base_ref ?? '').replace(/^refs\/heads\//, '');
  if (!passes(filter.branches, filter['branches-ignore'], base)) return no(`${base} is not one of its branches`);
  return matchPaths(filter, changed);
}

function matchPaths(filter: EventFilter, changed: string[] | null): TriggerMatch {
  if (changed === null) return RUN;
  const { paths, 'paths-ignore': ignored } = filter;
  if (paths !== null && !changed.some(selector(paths))) return no('no file in its paths changed');
  if (ignored !== null && changed.every(selector(ignored))) return no('only files in its ignored paths changed');
  return RUN;
}

function filtersBy(filter: EventFilter, kind: 'branches' | 'tags'): boolean {
  return filter[kind] !== null || filter[`${kind}-ignore`] !== null;
}

function passes(wanted: string[] | null, ignored: string[] | null, name: string): boolean {
  if (wanted !== null) return selector(wanted)(name);
  return ignored === null || !selector(ignored)(name);
}

/** The last pattern that matches decides; one with `!` excludes. */
function selector(patterns: string[]): (text: string) => boolean {
  const rules = patterns.map((pattern) => ({
    includes: !pattern.startsWith('!'),
    matches: compileGlob(pattern.replace(/^!/, '')) ?? (() => false),
  }));
  return (text) => rules.findLast((rule) => rule.matches(text))?.includes ?? false;
}

function no(reason: string): TriggerMatch {
  return { run: false, reason };
}
