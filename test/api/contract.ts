import addFormats from 'ajv-formats';
import { type Document, OpenAPIBackend } from 'openapi-backend';

/** How a response violates the OpenAPI description; empty if it does not. */
export type Contract = (method: string, path: string, status: number, type: string | null, body: string) => string[];

/** Checks responses against /openapi.json. Stricter than the description: an undescribed property is a violation too. */
export async function openContract(description: unknown): Promise<Contract> {
  const api = new OpenAPIBackend({
    definition: tighten(structuredClone(description)) as Document,
    // Skips validating the description itself, which is only supported for OpenAPI 3.0.
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

/** Forbids additional properties in objects with listed properties, and describes problem+json as JSON too, the only type that is validated. */
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
