import type { LogWriter } from '../deps.ts';
import type { DeployAnswer, SwitchAnswer } from '../jobs/deploy/deployment.ts';
import type { EventData } from '../jobs/protocol/event.ts';

/** Reports an attempt's events to control. While Redis is away events wait in the spool, on disk. */
export interface EventReporter {
  attempt: string;
  log: LogWriter;
  /** Resolves when the event is in the spool. Control receives each event once, in the order of the calls. Rejects only when the disk fails. */
  emit(event: OneWayEvent): Promise<void>;
  /** Resolves with control's answer, however long that takes; rejects with `signal.reason` when it aborts. */
  ask(question: DeployQuestion, signal: AbortSignal): Promise<DeployAnswer>;
  ask(question: ReadyQuestion, signal: AbortSignal): Promise<SwitchAnswer>;
}

export type DeployQuestion = Extract<EventData, { type: 'deploy' }>;
export type ReadyQuestion = Extract<EventData, { type: 'ready' }>;

/** Events without an answer. `finished` is not among them: the worker sends it with the result of the attempt. */
export type OneWayEvent = Exclude<EventData, { type: 'deploy' | 'ready' | 'finished' }>;
