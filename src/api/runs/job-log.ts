import type { Row, ServerDeps } from '../../deps.ts';
import { hasEnded } from '../../jobs/status.ts';
import { ApiError, notFound } from '../http/problem.ts';
import { type Poll, pollOnWakeup } from './poll.ts';

/** A line of a log. Its id is the position of the next line; a client sends it to resume after this line. */
export interface LogLine {
  id: string;
  /** The attempt's number. */
  attempt: number;
  /** Milliseconds since 1970. */
  at: number;
  /** 0: the job itself, outside of its steps. */
  step: number;
  stream: string;
  text: string;
}

export interface LogRequest {
  job: string;
  /** The number of one attempt; null for all attempts in order. */
  attempt: number | null;
  /** The id of the last line that the client has. */
  after: string | null;
  /** Whether to continue until the job ends. */
  live: boolean;
}

type Position = { attempt: string; offset: number };

/**
 * The lines of a job's log in batches of bounded size; a batch is read from the file only after the previous one was consumed. Rejects before
 * the first line when the job, the attempt or the position does not exist.
 */
export async function openJobLog(
  deps: Pick<ServerDeps, 'logs' | 'store' | 'wakeups'>,
  { job, attempt, after, live }: LogRequest,
): Promise<(signal: AbortSignal) => AsyncGenerator<LogLine[]>> {
  const { attempts } = await load();
  if (attempt !== null && attempts.length === 0) throw notFound(`attempt ${attempt} of job ${job}`);
  const start = after === null ? null : await findPosition(deps, attempts, after);

  return async function* lines(signal) {
    let position = start;
    const channels = new Set<string>();
    const poll = async (): Promise<Poll<LogLine>> => {
      // The attempts are read before the file: if an attempt has ended, no line is added after this read.
      const { status, run, attempts } = await load();
      channels.add(`run:${run}`);
      position ??= attempts[0] ? { attempt: attempts[0].id, offset: 0 } : null;
      const index = attempts.findIndex(({ id }) => id === position?.attempt);
      const current = attempts[index];
      if (position === null || current === undefined)
        return { items: [], next: live && !hasEnded(status) ? 'wait' : 'end' };
      // Subscribe to a file before reading it; otherwise a wakeup in between would be lost.
      const channel = `log:${current.id}`;
      if (!channels.has(channel)) {
        channels.add(channel);
        return { items: [], next: 'again' };
      }
      const bytes = await deps.logs.read(current.id, position.offset);
      if (bytes.length > 0) {
        const items = parseLines(current, position.offset, bytes);
        position = { attempt: current.id, offset: position.offset + bytes.length };
        return { items, next: 'again' };
      }
      const following = attempts[index + 1];
      if (following !== undefined && current.status === 'ended') {
        position = { attempt: following.id, offset: 0 };
        return { items: [], next: 'again' };
      }
      const over = current.status === 'ended' && (hasEnded(status) || attempt !== null);
      return { items: [], next: live && !over ? 'wait' : 'end' };
    };
    yield* pollOnWakeup(deps.wakeups, channels, poll, signal);
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

/** Valid positions are the start of the log and the end of each line. */
async function findPosition(
  deps: Pick<ServerDeps, 'logs'>,
  attempts: Row<'attempts'>[],
  id: string,
): Promise<Position> {
  const [, attempt, digits] = /^(att_\w+)-(\d{1,15})$/.exec(id) ?? [];
  const offset = Number(digits);
  const known = attempt !== undefined && attempts.some((other) => other.id === attempt);
  if (known && (offset === 0 || (await deps.logs.read(attempt, offset - 1, 1)).toString() === '\n'))
    return { attempt, offset };
  throw new ApiError(400, `Last-Event-ID ${id} is not a position in this log. Reconnect without it.`);
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
