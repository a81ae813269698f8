import type { Row, ServerDeps } from '../../deps.ts';
import { hasEnded } from '../../jobs/status.ts';
import { ApiError, notFound } from '../http/problem.ts';
import { type Poll, pollOnWakeup } from './poll.ts';

/** A line of a log, with where the next one begins: what a reader says to go on after it. */
export interface LogLine {
  id: string;
  /** The attempt's number. */
  attempt: number;
  /** Milliseconds since 1970. */
  at: number;
  /** 0 is the job itself. */
  step: number;
  stream: string;
  text: string;
}

export interface LogWanted {
  job: string;
  /** One attempt by its number; null for all, one after another. */
  attempt: number | null;
  /** The id of the last line that the reader has. */
  after: string | null;
  /** Whether to stay until the job has ended. */
  live: boolean;
}

type Place = { attempt: string; offset: number };

/**
 * The lines of a job's log, a batch for each look at the file. What is read is bounded and read only when the batch before was taken.
 * Rejects before the first line when there is no such job, or no such place in its log.
 */
export async function openJobLog(
  deps: ServerDeps,
  { job, attempt, after, live }: LogWanted,
): Promise<(signal: AbortSignal) => AsyncGenerator<LogLine[]>> {
  const { attempts } = await load();
  if (attempt !== null && attempts.length === 0) throw notFound(`attempt ${attempt} of job ${job}`);
  const start = after === null ? null : await findPlace(deps, attempts, after);

  return async function* lines(signal) {
    let place = start;
    const channels = new Set<string>();
    const look = async (): Promise<Poll<LogLine>> => {
      // The attempts are read before the file: one that had ended by then gets no line after what is read now.
      const { status, run, attempts } = await load();
      channels.add(`run:${run}`);
      place ??= attempts[0] ? { attempt: attempts[0].id, offset: 0 } : null;
      const index = attempts.findIndex(({ id }) => id === place?.attempt);
      const current = attempts[index];
      if (place === null || current === undefined)
        return { news: [], next: live && !hasEnded(status) ? 'wait' : 'end' };
      // Listening begins before the first look at a file, else a ring between the two is lost.
      const channel = `log:${current.id}`;
      if (!channels.has(channel)) {
        channels.add(channel);
        return { news: [], next: 'again' };
      }
      const bytes = await deps.logs.read(current.id, place.offset);
      if (bytes.length > 0) {
        const news = parseLines(current, place.offset, bytes);
        place = { attempt: current.id, offset: place.offset + bytes.length };
        return { news, next: 'again' };
      }
      const following = attempts[index + 1];
      if (following !== undefined && current.status === 'ended') {
        place = { attempt: following.id, offset: 0 };
        return { news: [], next: 'again' };
      }
      const over = current.status === 'ended' && (hasEnded(status) || attempt !== null);
      return { news: [], next: live && !over ? 'wait' : 'end' };
    };
    yield* pollOnWakeup(deps.wakeups, channels, look, signal);
  };

  async function load() {
    const { read } = deps.store;
    const row = await read.selectFrom('jobs').select(['status', 'run_id']).where('id', '=', job).executeTakeFirst();
    if (row === undefined) throw notFound(`job ${job}`);
    let query = read.selectFrom('attempts').selectAll().where('subject', '=', 'job').where('subject_id', '=', job);
    if (attempt !== null) query = query.where('number', '=', attempt);
    return { status: row.status, run: row.run_id, attempts: await query.orderBy('number').execute() };
  }
}

/** A place is the start of the log, or right after the end of a line. */
async function findPlace(deps: ServerDeps, attempts: Row<'attempts'>[], id: string): Promise<Place> {
  const [, attempt, digits] = /^(att_\w+)-(\d{1,15})$/.exec(id) ?? [];
  const offset = Number(digits);
  const known = attempt !== undefined && attempts.some((other) => other.id === attempt);
  if (known && (offset === 0 || (await deps.logs.read(attempt, offset - 1, 1)).toString() === '\n'))
    return { attempt, offset };
  throw new ApiError(400, `Last-Event-ID ${id} is no place in this log; come back without it.`);
}

function parseLines(attempt: Row<'attempts'>, from: number, bytes: Buffer): LogLine[] {
  const lines: LogLine[] = [];
  let start = 0;
  for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
    const line = bytes.toString('utf8', start, end);
    start = end + 1;
    const [, at, step, stream, text] = /^(\d+) (\d+) (\w+) (.*)$/su.exec(line) ?? [];
    lines.push({
      id: `${attempt.id}-${from + start}`,
      attempt: attempt.number,
      at: Number(at ?? 0),
      step: Number(step ?? 0),
      stream: stream ?? 'system',
      text: text ?? line,
    });
  }
  return lines;
}
