import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { html } from 'hono/html';
import manifest from '../../package.json' with { type: 'json' };
import type { ServerDeps } from '../deps.ts';

/** A row of the table of endpoints. */
export interface Endpoint {
  method: string;
  path: string;
  summary: string;
}

const home = createRoute({
  operationId: 'home',
  method: 'get',
  path: '/',
  summary: 'Show an overview page',
  responses: { 200: { description: 'An HTML page.', content: { 'text/html': { schema: z.string() } } } },
});

/** Public: shows nothing that requires a token. */
export function homePage(deps: Pick<ServerDeps, 'config' | 'fleet'>, endpoints: () => Endpoint[]) {
  return new OpenAPIHono<{ Variables: { secureHeadersNonce?: string } }>().openapi(home, (c) => {
    const workers = deps.fleet.size;
    const address = deps.config.public_url;
    return c.html(
      html`<!doctype html>
        <html lang="en">
          <head>
            <meta charset="utf-8" />
            <meta name="viewport" content="width=device-width" />
            <title>Gantry</title>
            <style nonce="${c.get('secureHeadersNonce')}">
              body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
              pre { background: #8881; padding: 1rem; overflow: auto; }
              td { padding: 0.1rem 1rem 0.1rem 0; vertical-align: top; }
              :root { color-scheme: light dark; }
            </style>
          </head>
          <body>
            <h1>Gantry ${manifest.version}</h1>
            <p>CI, deployment and background jobs in one box. ${workers} ${workers === 1 ? 'worker' : 'workers'} connected.</p>
            <p>
              The API is described in <a href="/openapi.json">/openapi.json</a> (OpenAPI 3.1). The health of the server is at
              <a href="/readyz">/readyz</a>.
            </p>
            <h2>The API</h2>
            <p>
              All endpoints under /api/v1 require a token. The first start of the server printed one and stored it in
              <code>server/token</code> in the data directory. To create more, run <code>gantry token create NAME</code>.
            </p>
            <pre>curl -H "Authorization: Bearer $GANTRY_TOKEN" ${address}/api/v1/runs</pre>
            <p>The address for GitHub webhooks is <code>${address}/webhooks/github</code>. Each repository has its own webhook secret.</p>
            <table>
              ${endpoints().map(
                ({ method, path, summary }) =>
                  html`<tr><td><code>${method.toUpperCase()}</code></td><td><code>${path}</code></td><td>${summary}</td></tr>`,
              )}
            </table>
          </body>
        </html>`,
    ) as never;
  });
}
