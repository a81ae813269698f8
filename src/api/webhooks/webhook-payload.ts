import { z } from 'zod';
import { messageOf } from '../../error.ts';
import { ApiError } from '../http/problem.ts';

const WithOwner = z.object({ repository: z.object({ owner: z.object({ id: z.int() }) }) });
const WithAction = z.object({ action: z.string().max(100) });

export interface Payload {
  /** SHA-256 of the JSON text; the same for both content types. */
  hash: string;
  value: unknown;
  action: string | null;
  owner_id: number | null;
}

/** Parses a verified body: JSON, or a form with JSON in the field `payload`, GitHub's two content types. */
export async function readPayload(contentType: string | undefined, body: Uint8Array<ArrayBuffer>): Promise<Payload> {
  const type = contentType?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json' && type !== 'application/x-www-form-urlencoded')
    throw new ApiError(415, 'Unsupported content type. Send application/json or application/x-www-form-urlencoded.');
  const text = new TextDecoder().decode(body);
  const json = type === 'application/json' ? text : new URLSearchParams(text).get('payload');
  if (json === null) throw new ApiError(400, 'Missing form field `payload`.');
  const value = parse(json);
  return {
    hash: await hash(type === 'application/json' ? body : new TextEncoder().encode(json)),
    value,
    action: WithAction.safeParse(value).data?.action ?? null,
    owner_id: WithOwner.safeParse(value).data?.repository.owner.id ?? null,
  };
}

function parse(json: string): unknown {
  try {
    const value: unknown = JSON.parse(json);
    // Throws if the value is nested too deeply to be serialised again, which is necessary to store it.
    JSON.stringify(value);
    return value;
  } catch (error) {
    throw new ApiError(400, `Invalid JSON payload: ${messageOf(error)}`);
  }
}

async function hash(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex');
}
