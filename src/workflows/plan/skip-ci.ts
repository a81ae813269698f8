const MARKS = /\[(skip ci|ci skip|no ci|skip actions|actions skip)\]/i;

/** The mark in a commit message that keeps pushes and pull requests from starting workflows; null when there is none. */
export function skipMark(message: string): string | null {
  return MARKS.exec(message)?.[0].toLowerCase() ?? null;
}
