import { z } from 'zod';
import { messageOf } from '../../error.ts';
import { ApiError } from '../http/problem.ts';

/** The parts of a payload that say whose repository it is about. */
const Owned = z.object({ repository: z.object({ owner: z.object({ id: z.int() }) }) });
const Acted = z.object({ action: z.string().max(100) });

export interface Payload {
  /** SHA-256 of the JSON as it was sent, without the form around it. */
  hash: string;
  value: unknown;
  action: string | null;
  owner_id: number | null;
}

/** Of a verified body: JSON, or a form with JSON in `payload`, as GitHub's two content types have it. */
export async function readPayload(contentType: string | undefined, body: Uint8Array<ArrayBuffer>): Promise<Payload> {
  const type = contentType?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json' && type !== 'application/x-www-form-urlencoded')
    throw new ApiError(415, 'A webhook is application/json or application/x-www-form-urlencoded.');
  const text = new TextDecoder().decode(body);
  const json = type === 'application/json' ? text : new URLSearchParams(text).get('payload');
  if (json === null) throw new ApiError(400, 'The form has no field "payload".');
  const value = parse(json);
  return {
    hash: await hash(type === 'application/json' ? body : new TextEncoder().encode(json)),
    value,
    action: Acted.safeParse(value).data?.action ?? null,
    owner_id: Owned.safeParse(value).data?.repository.owner.id ?? null,
  };
}

function parse(json: string): unknown {
  try {
    const value: unknown = JSON.parse(json);
    // What is nested too deeply to be written again could be stored by nobody.
    JSON.stringify(value);
    return value;
  } catch (error) {
    throw new ApiError(400, `The payload cannot be read: ${messageOf(error)}`);
  }
}

async function hash(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex');
}
