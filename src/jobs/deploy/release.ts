/** A release of an environment; ids sort by age. */
export interface PastRelease {
  id: string;
  kept: boolean;
  live_at: number | null;
}

/** How many releases of an environment keep their image. */
export const KEPT_RELEASES = 5;

/** The default target of a rollback: the newest kept release that was live and is older than the live one. */
export function rollbackTarget<R extends PastRelease>(releases: readonly R[], live: string | null): R | null {
  const candidates = releases.filter(
    (release) => release.kept && release.live_at !== null && (live === null || release.id < live),
  );
  return candidates.toSorted((a, b) => (a.id < b.id ? 1 : -1))[0] ?? null;
}

/**
 * Releases whose image can be removed: all except the live one, the newest that were live, and those of `open` deployments.
 */
export function releasesToForget(
  releases: readonly PastRelease[],
  live: string | null,
  open: readonly string[],
): string[] {
  const newest = releases
    .filter((release) => release.live_at !== null)
    .toSorted((a, b) => (a.id < b.id ? 1 : -1))
    .slice(0, KEPT_RELEASES)
    .map((release) => release.id);
  const needed = new Set([...newest, ...open, ...(live === null ? [] : [live])]);
  return releases.filter((release) => release.kept && !needed.has(release.id)).map((release) => release.id);
}
