import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Locks between the processes of one host, on files that nothing else may open. The kernel releases a lock when the process
 * that holds it ends, even if it was killed or ran in another container. The file stays when its lock is released.
 */
export interface Locks {
  /** Null when a process holds the lock, including this one. */
  take(file: string): Lock | null;
  /** Waits for the lock and holds it during `work`. Rejects with `signal.reason` when `signal` aborts during the wait. */
  whileLocked<T>(file: string, signal: AbortSignal, work: () => Promise<T>): Promise<T>;
  isHeld(file: string): boolean;
}

export interface Lock {
  release(): void;
}

/** Milliseconds between two tries to acquire a lock. */
const RETRY = 100;

export function openLocks(): Locks {
  return { take, whileLocked, isHeld };
}

function take(file: string): Lock | null {
  const database = open(file);
  if (acquire(database)) return { release: () => database.close() };
  database.close();
  return null;
}

async function whileLocked<T>(file: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const database = open(file);
  try {
    while (!acquire(database)) await delay(RETRY, undefined, { signal }).catch(() => signal.throwIfAborted());
    return await work();
  } finally {
    database.close();
  }
}

function isHeld(file: string): boolean {
  if (!existsSync(file)) return false;
  // Only a read lock, so that two checks at the same time do not count as holders.
  const database = open(file, true);
  try {
    return !succeeds(database, 'SELECT 1 FROM sqlite_schema');
  } finally {
    database.close();
  }
}

/** Node has no file locks. SQLite's also exclude two holders within one process. */
function open(file: string, readOnly = false): DatabaseSync {
  return new DatabaseSync(file, { timeout: 0, readOnly });
}

/** The journal is in memory, because a killed process would leave one on disk that the next reader had to roll back. */
function acquire(database: DatabaseSync): boolean {
  return succeeds(database, 'PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
}

const SQLITE_BUSY = 5;

/** False when another connection holds the lock. */
function succeeds(database: DatabaseSync, sql: string): boolean {
  try {
    database.exec(sql);
    return true;
  } catch (error) {
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return false;
    throw error;
  }
}
