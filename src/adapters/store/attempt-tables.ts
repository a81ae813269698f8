import type { Generated } from 'kysely';
import type { Lane } from '../../jobs/run/plan.ts';
import type { AttemptStatus, EndStatus } from '../../jobs/status.ts';

/** Attempts, API tokens, messages that could not be applied, and the outbox. */
export interface AttemptTables {
  attempts: AttemptsTable;
  tokens: TokensTable;
  parked: ParkedTable;
  outbox: OutboxTable;
}

/** A subject has at most one attempt that has not ended. */
interface AttemptsTable {
  id: string;
  subject: 'job' | 'delivery' | 'report' | 'environment';
  subject_id: string;
  /** From 1, in the order of the subject's attempts. */
  number: number;
  lane: Lane;
  status: AttemptStatus;
  verdict: EndStatus | null;
  /** 1 when it errored only because its worker was shutting down. */
  handed_back: Generated<number>;
  reason: string | null;
  worker: string | null;
  nonce: string | null;
  /** The number of the newest event that was applied. */
  seq: Generated<number>;
  /** A StopRequest as JSON. */
  stop_request: string | null;
  deadline: number | null;
  log_size: number | null;
  offered_at: number;
  not_before: number | null;
  started_at: number | null;
  ended_at: number | null;
}

/** A token of the scope `job` is made for one attempt. It is valid while that attempt runs, until `expires_at`. */
interface TokensTable {
  id: string;
  name: string;
  hash: string;
  scope: Generated<'admin' | 'job'>;
  attempt_id: string | null;
  expires_at: number | null;
  created_at: number;
  last_used_at: number | null;
}

/** A message from a worker that could not be read or applied, with the error. */
interface ParkedTable {
  id: Generated<number>;
  text: string;
  error: string;
  at: number;
}

/** An Effect as JSON, to be performed outside of SQL after the commit. Effects are performed in order; performing one twice is harmless. */
interface OutboxTable {
  id: Generated<number>;
  effect: string;
  at: number;
}
