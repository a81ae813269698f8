/** The result of checking one part. `advice` says what to do about a warning or a failure. */
export interface Finding {
  part: string;
  state: 'ok' | 'warn' | 'fail';
  found: string;
  advice: string | null;
}

export function ok(part: string, found: string): Finding {
  return { part, state: 'ok', found, advice: null };
}

export function warn(part: string, found: string, advice: string): Finding {
  return { part, state: 'warn', found, advice };
}

export function fail(part: string, found: string, advice: string | null): Finding {
  return { part, state: 'fail', found, advice };
}
