import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { onTestFinished } from 'vitest';

export interface Registry {
  /** `127.0.0.1:port`; the Engine uses plain HTTP with such a registry. */
  host: string;
  /** Answers all further requests with this error; null ends that. */
  refuse(refusal: { status: number; code: string; message: string } | null): void;
}

/** A registry in memory, with the part of the OCI distribution protocol that pushing and pulling needs. It closes at the end of the test. */
export async function openRegistry(): Promise<Registry> {
  const contents = new Map<string, Buffer>();
  const types = new Map<string, string>();
  let refusal: Parameters<Registry['refuse']>[0] = null;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://registry');
    const body = Buffer.concat(await request.toArray());
    const [, name = '', kind = '', reference = ''] = /^\/v2\/(.+)\/(manifests|blobs)\/(.+)$/.exec(url.pathname) ?? [];
    response.setHeader('Docker-Distribution-Api-Version', 'registry/2.0');
    // A registry that requires credentials says so at the first request; the Engine would retry a refused layer for 50 s.
    if (refusal?.status === 401) response.setHeader('WWW-Authenticate', 'Basic realm="registry"');
    if (refusal && (refusal.status === 401 || url.pathname !== '/v2/')) return fail(response, refusal);
    if (url.pathname === '/v2/') return end(response, 200);
    if (kind === 'blobs' && reference.startsWith('uploads/')) return upload(request, response, url, name, body);
    const key = `${name}/${kind}/${reference}`;
    if (request.method === 'PUT') return store(request, response, key, name, body);
    const content = contents.get(kind === 'blobs' ? reference : key);
    if (!content) return fail(response, { status: 404, code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' });
    response.setHeader('Content-Type', types.get(key) ?? 'application/octet-stream');
    response.setHeader('Docker-Content-Digest', digestOf(content));
    response.setHeader('Content-Length', content.length);
    response.end(request.method === 'HEAD' ? undefined : content);
  }

  /** POST starts an upload, PATCH sends the content, PUT completes it with its digest. */
  function upload(request: IncomingMessage, response: ServerResponse, url: URL, name: string, body: Buffer): void {
    const path = request.method === 'POST' ? `/v2/${name}/blobs/uploads/${randomUUID()}` : url.pathname;
    const content = Buffer.concat([contents.get(path) ?? Buffer.alloc(0), body]);
    contents.set(path, content);
    response.setHeader('Location', path);
    response.setHeader('Range', `0-${Math.max(content.length - 1, 0)}`);
    const digest = url.searchParams.get('digest');
    if (request.method !== 'PUT' || digest === null) return end(response, 202);
    contents.set(digest, content);
    response.setHeader('Docker-Content-Digest', digest);
    end(response, 201);
  }

  function store(request: IncomingMessage, response: ServerResponse, key: string, name: string, body: Buffer): void {
    for (const path of [key, `${name}/manifests/${digestOf(body)}`]) {
      contents.set(path, body);
      types.set(path, request.headers['content-type'] ?? '');
    }
    response.setHeader('Docker-Content-Digest', digestOf(body));
    end(response, 201);
  }

  const server = createServer((request, response) => void answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return {
    host: `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    refuse: (next) => {
      refusal = next;
    },
  };
}

function end(response: ServerResponse, status: number): void {
  response.writeHead(status).end();
}

function fail(response: ServerResponse, refusal: { status: number; code: string; message: string }): void {
  const { status, code, message } = refusal;
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify({ errors: [{ code, message, detail: null }] }));
}

function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}
