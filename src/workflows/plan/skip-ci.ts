const MARKS = /\[(skip ci|ci skip|no ci|skip actions|actions skip)\]/i;

/** The mark in a commit message that makes pushes and pull requests start no workflows; null without such a mark. */
export function skipMark(message: string): string | null {
  return MARKS.exec(message)?.[0].toLowerCase() ?? null;
}
