import addFormats from 'ajv-formats';
import { type Document, OpenAPIBackend } from 'openapi-backend';

/** What of an answer breaks the description; empty when it holds. */
export type Contract = (method: string, path: string, status: number, type: string | null, body: string) => string[];

/** Holds answers to /openapi.json, more strictly than it reads: a field that is not described is a violation too. */
export async function openContract(description: unknown): Promise<Contract> {
  const api = new OpenAPIBackend({
    definition: tighten(structuredClone(description)) as Document,
    // It knows how to check descriptions of OpenAPI 3.0 only.
    quick: true,
    ajvOpts: { strict: false },
    customizeAjv(ajv) {
      addFormats.default(ajv);
      return ajv;
    },
  });
  await api.init();
  return (method, path, status, type, body) => {
    const operation = api.matchOperation({ method, path, headers: {} });
    if (operation === undefined || method === 'HEAD') return [];
    const { content } = (operation.responses?.[status] ?? {}) as { content?: Record<string, unknown> };
    if (operation.responses?.[status] === undefined) return [`${status} is not described`];
    const media = type?.split(';')[0] ?? null;
    if (media !== null && content?.[media] === undefined) return [`${status} as ${media} is not described`];
    if (media === null || !media.endsWith('json')) return [];
    const { errors } = api.validateResponse(JSON.parse(body), operation, status);
    return (errors ?? []).map(
      (error) => `${error.instancePath} ${error.message ?? ''} ${JSON.stringify(error.params)}`,
    );
  };
}

/** Closes each object that lists its properties, and lets the validator see problems, which it knows by one media type only. */
function tighten(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(tighten);
  if (typeof node !== 'object' || node === null) return node;
  const object: Record<string, unknown> = Object.fromEntries(
    Object.entries(node).map(([key, value]) => [key, tighten(value)]),
  );
  if (object.type === 'object' && 'properties' in object && !('additionalProperties' in object))
    object.additionalProperties = false;
  if ('application/problem+json' in object) object['application/json'] ??= object['application/problem+json'];
  return object;
}
