/** `3 min ago`, from an RFC 3339 time; empty without a time. */
export function ago(at: string | null | undefined, now: number): string {
  if (at === null || at === undefined) return '';
  const seconds = Math.max(0, Math.round((now - Date.parse(at)) / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} days ago`;
}

/** The duration between two RFC 3339 times, or until now without the second. Empty without the first. */
export function took(from: string | null | undefined, to: string | null | undefined, now: number): string {
  if (from === null || from === undefined) return '';
  return duration((to === null || to === undefined ? now : Date.parse(to)) - Date.parse(from));
}

/** Formats milliseconds: `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(ms: number): string {
  const tenths = Math.max(0, Math.round(ms / 100));
  if (tenths < 100) return `${(tenths / 10).toFixed(1)} s`;
  const seconds = Math.round(tenths / 10);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}
