import { z } from '@hono/zod-openapi';
import type { IdPrefix } from '../../jobs/id.ts';

/** Pages are ordered newest first. Ids sort by creation time, so the cursor is the last id of the previous page. */
export function pageQuery<T extends z.ZodRawShape>(prefix: IdPrefix, filters: T) {
  return z.strictObject({
    ...filters,
    limit: z.coerce.number<string>().int().min(1).max(100).default(20),
    cursor: z
      .string()
      .regex(
        new RegExp(`^${prefix}_[0-9A-HJKMNP-TV-Z]{26}$`),
        'must be the next_cursor of the previous page of this list',
      )
      .optional(),
  });
}

export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), next_cursor: z.string().nullable() });
}

/** `rows` may contain one row more than `limit`: then there is a next page. */
export function paginate<T extends { id: string }>(
  rows: T[],
  limit: number,
): { rows: T[]; next_cursor: string | null } {
  const page = rows.slice(0, limit);
  return { rows: page, next_cursor: rows.length > limit ? (page.at(-1)?.id ?? null) : null };
}
