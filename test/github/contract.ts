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

/** GitHub's own description of its API, as a judge of requests and answers and as a source of realistic ones. */
export interface Contract {
  /** The operation and its path's parameters, or null when the slice knows none such. */
  match(request: ApiRequest): { operation: string; params: Record<string, string> } | null;
  /** What is wrong with a request; empty when it holds. */
  checkRequest(operation: string, request: ApiRequest): string[];
  checkAnswer(operation: string, status: number, body: unknown): string[];
  /** The description's example of an answer, with what we know laid over it. */
  example(operation: string, status: number): unknown;
}

export async function openContract(): Promise<Contract> {
  const api = new OpenAPIBackend({
    definition: JSON.parse(readFileSync(join(import.meta.dirname, 'description.json'), 'utf8')),
    // Validators are made as they are needed; compiling all of them takes a second.
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
    checkRequest: (operation, request) => words(api.validateRequest(request, operation).errors),
    checkAnswer: (operation, status, body) =>
      words(api.validateResponse(JSON.parse(JSON.stringify(body)), operation, status).errors),
    example: (operation, status) => structuredClone(api.mockResponseForOperation(operation, { code: status }).mock),
  };
}

function words(errors: { instancePath: string; message?: string }[] | null | undefined): string[] {
  return (errors ?? []).map((error) => `${error.instancePath} ${error.message ?? ''}`.trim());
}
