import { type Command, InvalidArgumentError } from 'commander';
import { z } from 'zod';
import type { Client } from './client.ts';

export interface Paging {
  limit: number;
  cursor?: string;
}

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export function withPagingOptions(command: Command): Command {
  return command
    .option('-n, --limit <number>', 'maximum number of results', wholeNumber, 20)
    .option('--cursor <cursor>', 'the next_cursor of the previous page');
}

/** Up to `limit` items of a list, requested in pages of at most 100. */
export async function listPage<T>(
  client: Client,
  path: string,
  filter: Record<string, string | undefined>,
  { limit, cursor }: Paging,
  item: z.ZodType<T>,
): Promise<Page<T>> {
  const schema = z.object({ items: z.array(item), next_cursor: z.string().nullable() });
  const items: T[] = [];
  let next: string | null = cursor ?? null;
  do {
    const query = new URLSearchParams({ limit: String(Math.min(limit - items.length, 100)) });
    for (const [name, value] of Object.entries(filter)) if (value !== undefined) query.set(name, value);
    if (next !== null) query.set('cursor', next);
    const page: Page<T> = await client.get(`${path}?${query.toString()}`, schema);
    items.push(...page.items);
    next = page.next_cursor;
    if (page.items.length === 0) break;
  } while (next !== null && items.length < limit);
  return { items, next_cursor: next };
}

export function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('It must be a whole number, at least 1.');
  return number;
}
