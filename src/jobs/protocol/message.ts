import { z } from 'zod';
import { Event } from './event.ts';

/** A worker's request for an attempt that it was offered, repeated each second until it is answered. */
export const Claim = z.object({ attempt: z.string(), worker: z.string(), nonce: z.string() });
export type Claim = z.infer<typeof Claim>;

/** Sent every 3 s by each worker. */
export const Heartbeat = z.object({
  worker: z.string(),
  host: z.string(),
  pid: z.int(),
  /** Free slots; the lanes test and build share `work`. */
  free: z.object({ plan: z.int(), work: z.int(), deploy: z.int(), notify: z.int() }),
  /** The attempts that the worker is executing. */
  held: z.array(z.string()),
  /** The id of the proxy's container; null while the worker does not know it. */
  proxy: z.string().nullable(),
  /** The worker is shutting down: it takes no more offers. */
  stopping: z.boolean(),
});
export type Heartbeat = z.infer<typeof Heartbeat>;

/** All known workers by id. `last_seen_at` is when the last heartbeat arrived, or the worker was added, by the monotonic clock. */
export type Fleet = Map<string, { heartbeat: Heartbeat | null; last_seen_at: number }>;

/** Messages from workers to control, through the pipe, in order. `ask` repeats the question of an event. */
export const PipeMessage = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('claim'), claim: Claim }),
  z.object({ kind: z.literal('event'), event: Event }),
  z.object({ kind: z.literal('ask'), attempt: z.string(), worker: z.string(), seq: z.int() }),
]);
export type PipeMessage = z.infer<typeof PipeMessage>;

/** A request to end a running attempt, stored in SQL. `force` skips the grace period. */
export const StopRequest = z.object({ kind: z.enum(['cancel', 'force', 'time_out']), reason: z.string() });
export type StopRequest = z.infer<typeof StopRequest>;

/**
 * Messages from control to the mailbox of one worker. Each can be lost: workers repeat claims, events and questions
 * until they are answered, and each sweep repeats the stop requests. Only the worker can open `sealed`.
 */
export const WorkerMessage = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('granted'), attempt: z.string(), sealed: z.string() }),
  z.object({ kind: z.literal('denied'), attempt: z.string(), nonce: z.string() }),
  z.object({ kind: z.literal('acknowledged'), attempt: z.string(), seq: z.int() }),
  z.object({ kind: z.literal('superseded'), attempt: z.string() }),
  z.object({ kind: z.literal('answered'), attempt: z.string(), seq: z.int(), sealed: z.string() }),
  z.object({ kind: z.literal('stop'), attempt: z.string(), request: StopRequest }),
]);
export type WorkerMessage = z.infer<typeof WorkerMessage>;
