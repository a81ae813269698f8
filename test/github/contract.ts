import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import addFormats from 'ajv-formats';
import { OpenAPIBackend } from 'openapi-backend';

export interface ApiRequest {
  method: string;
  path: string;
  query: Record<string, string>;
  headers: Record<string, string>;
  body: unknown;
}

/** Checks requests and responses against GitHub's OpenAPI description, and has its example responses. */
export interface Contract {
  /** The operation and its path parameters; null if the slice does not have the operation. */
  match(request: ApiRequest): { operation: string; params: Record<string, string> } | null;
  /** The problems of a request; empty if it is valid. */
  checkRequest(operation: string, request: ApiRequest): string[];
  checkResponse(operation: string, status: number, body: unknown): string[];
  /** The example response of the description. */
  example(operation: string, status: number): unknown;
}

export async function openContract(): Promise<Contract> {
  const api = new OpenAPIBackend({
    definition: JSON.parse(readFileSync(join(import.meta.dirname, 'description.json'), 'utf8')),
    // Compiles validators when they are needed: compiling all of them takes a second.
    quick: true,
    customizeAjv(ajv) {
      addFormats.default(ajv);
      return ajv;
    },
  });
  await api.init();
  return {
    match(request) {
      const operation = api.matchOperation(request);
      if (operation?.operationId === undefined) return null;
      const { params } = api.router.parseRequest(request, operation);
      return { operation: operation.operationId, params: params as Record<string, string> };
    },
    checkRequest: (operation, request) => messagesOf(api.validateRequest(request, operation).errors),
    checkResponse: (operation, status, body) =>
      messagesOf(api.validateResponse(JSON.parse(JSON.stringify(body)), operation, status).errors),
    example: (operation, status) => structuredClone(api.mockResponseForOperation(operation, { code: status }).mock),
  };
}

function messagesOf(errors: { instancePath: string; message?: string }[] | null | undefined): string[] {
  return (errors ?? []).map((error) => `${error.instancePath} ${error.message ?? ''}`.trim());
}
