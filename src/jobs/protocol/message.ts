import { z } from 'zod';
import { Event } from './event.ts';

/** A worker asks for an attempt that it was offered; repeated each second until answered. */
export const Claim = z.object({ attempt: z.string(), worker: z.string(), nonce: z.string() });
export type Claim = z.infer<typeof Claim>;

/** Each 3 s: that the worker lives, what it could take and what it holds. */
export const Heartbeat = z.object({
  worker: z.string(),
  host: z.string(),
  pid: z.int(),
  /** Free slots; `work` is shared by the lanes test and build. */
  free: z.object({ plan: z.int(), work: z.int(), deploy: z.int(), notify: z.int() }),
  held: z.array(z.string()),
  /** The proxy's container as this worker knows it; null while it does not. */
  proxy: z.string().nullable(),
  /** It takes nothing new: it drains. */
  stopping: z.boolean(),
});
export type Heartbeat = z.infer<typeof Heartbeat>;

/** The workers as their heartbeats describe them, by id. `heard_at` is in milliseconds. */
export type Fleet = Map<string, { heartbeat: Heartbeat | null; heard_at: number }>;

/** All that travels through the pipe from workers to control, in order. `ask` repeats the question of an event. */
export const PipeMessage = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('claim'), claim: Claim }),
  z.object({ kind: z.literal('event'), event: Event }),
  z.object({ kind: z.literal('ask'), attempt: z.string(), worker: z.string(), seq: z.int() }),
]);
export type PipeMessage = z.infer<typeof PipeMessage>;

/** What someone wants of a running attempt; stored in SQL. `force` allows no grace. */
export const StopRequest = z.object({ kind: z.enum(['cancel', 'force', 'time_out']), reason: z.string() });
export type StopRequest = z.infer<typeof StopRequest>;

/**
 * What control sends to a worker's mailbox. Any message may be lost: workers repeat claims, events and questions until they
 * are answered, and each sweep sends the stop requests again. `sealed` can be opened by the worker alone.
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
