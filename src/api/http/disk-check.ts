import type { ServerDeps } from '../../deps.ts';

/** Milliseconds for which a result is reused, so that many probes cause few writes. */
const REUSE = 1000;
/** Milliseconds without an error after which the next error is logged again. */
const QUIET = 60_000;

export interface DiskCheck {
  /** Rejects when the database or the shared folder cannot be written, usually with `DiskError`. */
  requireWritable(): Promise<void>;
  /** Logs the first of several errors. The next `requireWritable` tests the disk. */
  report(error: unknown): void;
}

export function openDiskCheck({ store, blobs, log }: Pick<ServerDeps, 'store' | 'blobs' | 'log'>): DiskCheck {
  let latest: { at: number; result: Promise<void> } | null = null;
  let failed_at: number | null = null;
  return { requireWritable, report };

  function requireWritable(): Promise<void> {
    if (latest === null || performance.now() - latest.at >= REUSE) latest = { at: performance.now(), result: check() };
    return latest.result;
  }

  async function check(): Promise<void> {
    try {
      await store.checkWritable();
      await blobs.checkWritable();
    } catch (error) {
      logFirst(error);
      throw error;
    }
    if (failed_at !== null) log.info('disk is writable again');
    failed_at = null;
  }

  function report(error: unknown): void {
    latest = null;
    logFirst(error);
  }

  function logFirst(error: unknown): void {
    const now = performance.now();
    if (failed_at === null || now - failed_at >= QUIET)
      log.error({ err: error }, 'disk is not writable; requests that store something are refused');
    failed_at = now;
  }
}
