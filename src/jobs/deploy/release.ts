/** A release as the rules of keeping and of going back see it; ids sort by age. */
export interface PastRelease {
  id: string;
  kept: boolean;
  live_at: number | null;
}

/** So many releases of an environment keep their image. */
export const KEPT_RELEASES = 5;

/** Where a rollback leads without being told: the newest kept release that has been live and is older than the live one. */
export function rollbackTarget<R extends PastRelease>(releases: readonly R[], live: string | null): R | null {
  const candidates = releases.filter(
    (release) => release.kept && release.live_at !== null && (live === null || release.id < live),
  );
  return candidates.toSorted((a, b) => (a.id < b.id ? 1 : -1))[0] ?? null;
}

/** Releases whose image may go: all but the live one and the newest that have been live or may still become so. */
export function releasesToForget(
  releases: readonly PastRelease[],
  live: string | null,
  open: readonly string[],
): string[] {
  const staying = releases
    .filter((release) => release.live_at !== null)
    .toSorted((a, b) => (a.id < b.id ? 1 : -1))
    .slice(0, KEPT_RELEASES)
    .map((release) => release.id);
  const stay = new Set([...staying, ...open, ...(live === null ? [] : [live])]);
  return releases.filter((release) => release.kept && !stay.has(release.id)).map((release) => release.id);
}
