import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type HttpServer, serve } from '../../src/api/http-server.ts';
import { readEvents } from './event-stream.ts';
import { type ApiHarness, openApiHarness, TOKEN } from './harness.ts';

const MIB = 1024 * 1024;

let api: ApiHarness;
let server: HttpServer;
let url: string;
beforeEach(async () => {
  api = await openApiHarness({ port: 0, shutdown_timeout: 2000 });
  server = await serve(api.deps);
  url = `http://127.0.0.1:${server.port}`;
});
afterEach(async () => {
  await server.close();
  await api.close();
});

describe('An oversized body', () => {
  it.each([
    ['/webhooks/github', 26],
    ['/api/v1/jobs', 2],
  ])('is rejected at %s by its Content-Length', async (path, size) => {
    const response = await fetch(`${url}${path}`, { method: 'POST', headers, body: new Uint8Array(size * MIB) });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ status: 413 });
  });

  it.each([
    ['/webhooks/github', 26],
    ['/api/v1/jobs', 2],
  ])('is rejected at %s when it is sent in chunks without Content-Length', async (path, size) => {
    const response = await fetch(`${url}${path}`, { method: 'POST', headers, body: chunks(size), duplex: 'half' });
    expect(response.status).toBe(413);
  });

  it('with a wrong Content-Length does not break the server', async () => {
    const response = await raw(
      `POST /api/v1/tokens HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n{"name":"x"}GET / HTTP/1.1\r\n\r\n`,
    );
    expect(response).toMatch(/^HTTP\/1\.1 400/);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });
});

describe('Paths', () => {
  it.each([
    '//api/v1/runs',
    '/healthz/../api/v1/runs',
    '/webhooks/%2e%2e/api/v1/runs',
    '/api%2fv1%2fruns',
    '/./api/v1/runs',
  ])('written as %s do not bypass authentication', async (path) => {
    const response = await raw(`GET ${path} HTTP/1.1\r\nHost: gantry.test\r\nConnection: close\r\n\r\n`);
    expect(response).toMatch(/^HTTP\/1\.1 (401|404|400)/);
  });

  it('can contain a repository name, with its slash as %2F', async () => {
    const body = JSON.stringify({ name: 'acme/shop', clone_url: 'https://git.test/x.git' });
    const made = await fetch(`${url}/api/v1/repos`, { method: 'POST', headers, body });
    const found = await fetch(`${url}${made.headers.get('location')}`, { headers });
    expect(await found.json()).toMatchObject({ name: 'acme/shop' });
  });

  it('answer HEAD requests for a stream immediately, with an empty body', async () => {
    const job = await (
      await fetch(`${url}/api/v1/jobs`, { method: 'POST', headers, body: '{"image":"busybox","run":"true"}' })
    ).json();
    const { id } = job as { id: string };
    const response = await fetch(`${url}/api/v1/jobs/${id}/logs`, { method: 'HEAD', headers });
    expect([response.status, await response.text()]).toEqual([200, '']);
  });
});

describe('Closing', () => {
  it('ends streams, asks their clients to reconnect, and accepts no new connections', async () => {
    const made = await fetch(`${url}/api/v1/jobs`, {
      method: 'POST',
      headers,
      body: '{"image":"busybox","run":"true"}',
    });
    const { run_id } = (await made.json()) as { run_id: string };
    const response = await fetch(`${url}/api/v1/runs/${run_id}/events`, { headers });
    const events = readEvents(response);
    expect((await events.next()).value?.event).toBe('run');
    const started = Date.now();
    const closed = server.close();
    expect((await events.next()).value?.event).toBe('shutdown');
    expect((await events.next()).done).toBe(true);
    await closed;
    expect(Date.now() - started).toBeLessThan(1500);
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  });

  it('closes connections of requests that do not finish in time', async () => {
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.write('POST /webhooks/github HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf');
    const closed = once(socket, 'close');
    await server.close();
    await closed;
  });
});

it('An address that is in use is an error that names the variable to change', async () => {
  const conflicting = { ...api.deps, config: { ...api.deps.config, port: server.port } };
  await expect(serve(conflicting)).rejects.toMatchObject({
    code: 'listen',
    message: expect.stringContaining('GANTRY_PORT'),
  });
});

const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };

function chunks(mib: number): ReadableStream<Uint8Array> {
  let left = mib * 16;
  return new ReadableStream({
    pull(controller) {
      if (left-- === 0) controller.close();
      else controller.enqueue(new Uint8Array(MIB / 16));
    },
  });
}

/** The response up to the end of its headers. */
async function raw(request: string): Promise<string> {
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(request);
  let response = '';
  for await (const chunk of socket.setEncoding('latin1')) {
    response += chunk as string;
    if (response.includes('\r\n\r\n')) break;
  }
  socket.destroy();
  return response;
}
