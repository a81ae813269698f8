import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Locks between the processes of one host, on files that nothing else may open. They are the kernel's: a lock is free as soon
 * as its holder's process is gone, however it ended and in whichever container it ran. A lock's file stays when it is released.
 */
export interface Locks {
  /** Null when it is held, be it by this process. */
  take(file: string): Lock | null;
  /** Waits for the lock and holds it during `work`. Rejects with `signal.reason` when that aborts before. */
  whileLocked<T>(file: string, signal: AbortSignal, work: () => Promise<T>): Promise<T>;
  isHeld(file: string): boolean;
}

export interface Lock {
  release(): void;
}

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

/** Node has no file locks of its own; SQLite's also exclude two holders within one process. */
function open(file: string, readOnly = false): DatabaseSync {
  return new DatabaseSync(file, { timeout: 0, readOnly });
}

/** Without a journal in memory SQLite would leave one on disk, which the next reader would have to roll back. */
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
