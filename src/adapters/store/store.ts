import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Kysely, SqliteDialect, sql, type Transaction } from 'kysely';
import { CodedError, DiskError, type DiskErrorCode, hasCode } from '../../error.ts';
import { migrations } from './migrations.ts';
import type { Schema } from './schema.ts';

/** The SQL database. */
export interface Store {
  /**
   * Runs `work` in an immediate transaction, after all earlier writes. `work` must await nothing but SQL. Rolls back when it rejects.
   * Rejects with `DiskError` when the disk is full or read-only, or fails.
   */
  write<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** A second, read-only connection, so that readers do not wait for writers. */
  read: Sql;
  /** Commits a write that changes nothing. Rejects as `write` does. */
  checkWritable(): Promise<void>;
  close(): Promise<void>;
}

export type Sql = Kysely<Schema>;
export type Tx = Transaction<Schema>;

/** Creates or migrates the database in `file`. Throws `StoreError` for a database of a newer Gantry. */
export function openStore(file: string): Store {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const writer = connect(file, false);
  migrate(writer);
  const write = dialect(writer);
  const read = dialect(connect(file, true));
  let last: Promise<unknown> = Promise.resolve();
  return {
    read,
    write: enqueue,
    async checkWritable() {
      await enqueue((tx) => sql`PRAGMA user_version = ${sql.lit(migrations.length)}`.execute(tx));
    },
    async close() {
      await last;
      await write.destroy();
      await read.destroy();
    },
  };

  function enqueue<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const result = last
      .then(() => write.transaction().execute(work))
      .catch((error: unknown) => {
        const code = diskErrorCode(error);
        throw code === undefined ? error : new DiskError(code, file, { cause: error });
      });
    last = result.catch(() => undefined);
    return result;
  }
}

/** The low byte of SQLite's extended result codes. */
const DISK_CODES: Partial<Record<number, DiskErrorCode>> = {
  8: 'disk_read_only',
  10: 'disk_failed',
  13: 'disk_full',
};

function diskErrorCode(error: unknown): DiskErrorCode | undefined {
  if (!hasCode(error, 'ERR_SQLITE_ERROR') || !('errcode' in error)) return undefined;
  return DISK_CODES[Number(error.errcode) & 0xff];
}

function connect(file: string, readOnly: boolean): DatabaseSync {
  const database = new DatabaseSync(file, { readOnly, timeout: 5000 });
  if (!readOnly) database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON');
  return database;
}

function migrate(database: DatabaseSync): void {
  const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number };
  if (version > migrations.length)
    throw new StoreError(
      `The database was written by a newer Gantry: its schema has version ${version}, this Gantry supports versions up to ${migrations.length}. ` +
        'Upgrade Gantry, or restore the backup from before the upgrade.',
    );
  migrations.slice(version).forEach((sql, index) => {
    database.exec(`BEGIN IMMEDIATE; ${sql}; PRAGMA user_version = ${version + index + 1}; COMMIT`);
  });
}

function dialect(database: DatabaseSync): Sql {
  return new Kysely<Schema>({
    dialect: new SqliteDialect({
      database: {
        close: () => database.close(),
        prepare(text) {
          // Kysely sends a plain `begin`. The first write after it would fail with BUSY_SNAPSHOT, without waiting, if another process wrote meanwhile.
          const statement = database.prepare(text === 'begin' ? 'begin immediate' : text);
          return {
            reader: statement.columns().length > 0,
            all: (values) => statement.all(...(values as [])),
            // SQLite rolls back by itself when the disk is full. A second rollback would fail and hide the first error.
            run: (values) =>
              text === 'rollback' && !database.isTransaction
                ? { changes: 0, lastInsertRowid: 0 }
                : statement.run(...(values as [])),
            iterate: (values) => statement.iterate(...(values as [])),
          };
        },
      },
    }),
  });
}

/** A database that cannot be used. */
export class StoreError extends CodedError<'store'> {
  constructor(message: string, options?: ErrorOptions) {
    super('store', message, options);
  }
}
