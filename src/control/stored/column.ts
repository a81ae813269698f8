import { z } from 'zod';
import { CodedError, messageOf } from '../../error.ts';
import type { Log } from '../../log.ts';

/** JSON in one column of SQL. Rows outlive the code that wrote them, so the text carries a version. */
export interface Column<Name extends string, Key extends string, Value> {
  write(value: Value): string;
  /** Throws `StoredJsonError` when the text cannot be read, and for null. */
  read(row: Record<Key, string | number> & Record<Name, string | null>): Value;
  /** Null when the column is null. */
  readOptional(row: Record<Key, string | number> & Record<Name, string | null>): Value | null;
}

/** Converts a value of version n to version n + 1. */
export type Upgrade = (value: unknown) => unknown;

/** For a new version that old values already satisfy. */
export const unchanged: Upgrade = (value) => value;

/**
 * `upgrades[n]` converts version n to n + 1, so `upgrades.length` is the version that is written. A text without a version is
 * version 0, which Gantry 0.1.0 wrote. Keys that `schema` does not know are dropped.
 */
export function column<Name extends string, Key extends string, Value>(
  [table, name, key]: readonly [table: string, name: Name, key: Key],
  schema: z.ZodType<Value>,
  upgrades: readonly Upgrade[] = [unchanged],
): Column<Name, Key, Value> {
  const version = upgrades.length;
  type Row = Record<Key, string | number> & Record<Name, string | null>;

  function readOptional(row: Row): Value | null {
    const text: string | null = row[name];
    if (text === null) return null;
    try {
      return schema.parse(upgrade(text, upgrades));
    } catch (error) {
      throw unreadable(row, error);
    }
  }

  function unreadable(row: Row, cause: unknown): StoredJsonError {
    return new StoredJsonError({ table, column: name, row: row[key] }, cause);
  }

  return {
    write: (value) => JSON.stringify({ v: version, value }),
    readOptional,
    read(row) {
      const value = readOptional(row);
      if (value === null) throw unreadable(row, new Error('it is null'));
      return value;
    },
  };
}

function upgrade(text: string, upgrades: readonly Upgrade[]): unknown {
  const { v, value } = unwrap(JSON.parse(text));
  if (v > upgrades.length)
    throw new Error(`version ${v} is newer than the newest supported version ${upgrades.length}`);
  return upgrades.slice(v).reduce((older, step) => step(older), value);
}

function unwrap(json: unknown): { v: number; value: unknown } {
  if (typeof json === 'object' && json !== null && Object.keys(json).join() === 'v,value') {
    const { v, value } = json as { v: unknown; value: unknown };
    if (typeof v === 'number') return { v, value };
  }
  return { v: 0, value: json };
}

/** A stored text that this version of Gantry cannot read. A retry does not help. */
export class StoredJsonError extends CodedError<'stored_json'> {
  readonly table: string;
  readonly column: string;
  readonly row: string | number;

  constructor({ table, column, row }: { table: string; column: string; row: string | number }, cause: unknown) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause).replaceAll(/\s+/g, ' ') : messageOf(cause);
    super('stored_json', `Cannot read ${table}.${column} of row ${row}: ${why}`, { cause });
    this.table = table;
    this.column = column;
    this.row = row;
  }
}

/** Shows the rows that can be read. The others are logged and left out of the list. */
export function showReadable<Row, Shown>(rows: readonly Row[], show: (row: Row) => Shown, log: Log): Shown[] {
  return rows.flatMap((row) => {
    try {
      return [show(row)];
    } catch (error) {
      if (!(error instanceof StoredJsonError)) throw error;
      const { table, column, row: id } = error;
      log.error({ err: error, table, column, row: id }, 'unreadable row left out of a list');
      return [];
    }
  });
}
