import type { LogWriter } from '../deps.ts';
import type { DeployAnswer, SwitchAnswer } from '../jobs/deploy/deployment.ts';
import type { EventData } from '../jobs/protocol/event.ts';

/** What an attempt tells control, and asks it. Redis may be away: what was told is on disk, and goes out when it can. */
export interface EventReporter {
  attempt: string;
  log: LogWriter;
  /** Resolves when the event is in the spool; it reaches control once, in the order of the calls. Rejects only when this host's disk fails. */
  emit(event: OneWayEvent): Promise<void>;
  /** Resolves with control's answer, however long that takes; rejects with `signal.reason` when it aborts. */
  ask(question: DeployQuestion, signal: AbortSignal): Promise<DeployAnswer>;
  ask(question: ReadyQuestion, signal: AbortSignal): Promise<SwitchAnswer>;
}

export type DeployQuestion = Extract<EventData, { type: 'deploy' }>;
export type ReadyQuestion = Extract<EventData, { type: 'ready' }>;

/** All that is told without an answer. `finished` is the worker's to say: it is what running the attempt returns. */
export type OneWayEvent = Exclude<EventData, { type: 'deploy' | 'ready' | 'finished' }>;
