import { z } from 'zod';

const MILLISECONDS = { ms: 1, s: 1000, m: 60_000 } as const;
const BYTES = { k: 1024, m: 1024 ** 2, g: 1024 ** 3 } as const;
const MAX_DURATION = 3_600_000;
/** Docker's minimum. */
const MIN_MEMORY = 6 * 1024 ** 2;

/** `500ms`, `10s` or `2m`, in milliseconds; at most an hour. */
export const Duration = z
  .string('must be a duration such as 500ms, 10s or 2m')
  .regex(/^\d{1,9}(ms|s|m)$/, 'must be a duration such as 500ms, 10s or 2m')
  .transform((text) => amount(text, MILLISECONDS))
  .refine((value) => value <= MAX_DURATION, 'must be at most 60m');

/** `512m` or `1g`, in bytes. */
export const Memory = z
  .string('must be a size such as 512m or 1g')
  .regex(/^\d{1,9}[kmg]$/i, 'must be a size such as 512m or 1g')
  .transform((text) => amount(text.toLowerCase(), BYTES))
  .refine((value) => value >= MIN_MEMORY, 'must be at least 6m');

function amount(text: string, units: Record<string, number>): number {
  const digits = /^\d+/.exec(text)?.[0] ?? '';
  return Number(digits) * (units[text.slice(digits.length)] ?? Number.NaN);
}
