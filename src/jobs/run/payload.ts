import type { JsonObject } from '../json.ts';

const MOST = 256 * 1024;
const MOST_OF_ONE = 32 * 1024;

/** What conditions look at of an event's payload: all of it, or of a large one only what is small. Jobs get it whole. */
export function trimPayload(payload: JsonObject): JsonObject {
  if (JSON.stringify(payload).length <= MOST) return payload;
  return Object.fromEntries(Object.entries(payload).filter(([, value]) => JSON.stringify(value).length <= MOST_OF_ONE));
}
