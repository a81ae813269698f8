import { z } from 'zod';

/** RFC 3339 in UTC, as all times leave Gantry. */
export const Timestamp = z.iso.datetime();
export type Timestamp = z.infer<typeof Timestamp>;

/** `at` in milliseconds since 1970. */
export function timestamp(at: number): Timestamp {
  return new Date(at).toISOString();
}

export function timestampOrNull(at: number | null): Timestamp | null {
  return at === null ? null : timestamp(at);
}
