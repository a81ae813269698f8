import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { bodyLimit } from 'hono/body-limit';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { requestId } from 'hono/request-id';
import { NONCE, secureHeaders } from 'hono/secure-headers';
import manifest from '../../package.json' with { type: 'json' };
import type { ServerDeps } from '../deps.ts';
import { deploymentRoutes } from './deployment-routes.ts';
import { healthRoutes } from './health-routes.ts';
import { type Endpoint, homePage } from './home-page.ts';
import { requireToken } from './http/bearer.ts';
import { openDiskCheck } from './http/disk-check.ts';
import { observe } from './http/observe.ts';
import { ApiError, answerError, answerProblem, rejectInvalid } from './http/problem.ts';
import { json } from './http/route.ts';
import { deliveryRoutes } from './repos/delivery-routes.ts';
import { repoRoutes } from './repos/repo-routes.ts';
import { secretRoutes } from './repos/secret-routes.ts';
import { jobRoutes } from './runs/job-routes.ts';
import { runRoutes } from './runs/run-routes.ts';
import { tokenRoutes } from './token-routes.ts';
import { webhookRoutes } from './webhooks/webhook-routes.ts';

const MIB = 1024 * 1024;

const description = createRoute({
  operationId: 'describe',
  method: 'get',
  path: '/openapi.json',
  summary: 'Get the OpenAPI description of this API',
  responses: { 200: json(z.looseObject({ openapi: z.string() }), 'The OpenAPI 3.1 document.') },
});

/** When `draining` aborts, streams end and /readyz reports `draining`. */
export function buildApp(deps: ServerDeps, draining: AbortSignal): OpenAPIHono {
  const app = new OpenAPIHono({ defaultHook: rejectInvalid });
  const disk = openDiskCheck(deps);
  app.use(requestId());
  app.use(observe(deps));
  app.use(secureHeaders(headers));
  app.use(methodNotAllowed({ app, onMethodNotAllowed: (c, methods) => answerProblem(c, methodNotSupported(methods)) }));
  app.use('/metrics', requireToken(deps));
  app.use('/api/*', requireToken(deps));
  app.use('/api/*', limitBody(MIB));
  app.use('/webhooks/*', limitBody(25 * MIB));

  app.route(
    '/',
    homePage(deps, () => listEndpoints(app)),
  );
  app.route('/', healthRoutes(deps, disk, draining));
  app.route('/', webhookRoutes(deps, disk));
  app.route('/api/v1', repoRoutes(deps));
  app.route('/api/v1', secretRoutes(deps));
  app.route('/api/v1', runRoutes(deps, disk, draining));
  app.route('/api/v1', jobRoutes(deps, draining));
  app.route('/api/v1', deploymentRoutes(deps));
  app.route('/api/v1', deliveryRoutes(deps));
  app.route('/api/v1', tokenRoutes(deps));
  app.openapi(description, (c) => c.json(describe(app) as never, 200));

  app.notFound((c) => answerProblem(c, unknownPath(c.req.path)));
  app.onError(answerError(deps.log, disk));
  return app;
}

/** No Strict-Transport-Security: a proxy terminates TLS, and other apps of this host may be served without it. */
const headers = {
  strictTransportSecurity: false,
  xFrameOptions: 'DENY',
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    styleSrc: [NONCE],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
};

/** Counts the received bytes; Content-Length may be missing or wrong. */
function limitBody(maxSize: number) {
  return bodyLimit({
    maxSize,
    onError: () => {
      throw new ApiError(413, `The request body is larger than ${maxSize / MIB} MiB.`);
    },
  });
}

function unknownPath(path: string): ApiError {
  const hint = path.startsWith('/api/v1/repos/')
    ? 'In a repository name, write the slash as %2F.'
    : 'For all endpoints, see /openapi.json.';
  return new ApiError(404, `There is no endpoint at ${path}. ${hint}`);
}

function methodNotSupported(methods: string[]): ApiError {
  return new ApiError(405, `Method not allowed. This endpoint supports ${methods.join(', ')}.`, {
    headers: { allow: methods.join(', ') },
  });
}

function describe(app: OpenAPIHono) {
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' });
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Gantry',
      version: manifest.version,
      description:
        'CI, deployment and background jobs in one box. Times are RFC 3339 in UTC. Lists are paginated, newest first.',
      license: { name: 'Apache-2.0' },
    },
  });
}

function listEndpoints(app: OpenAPIHono): Endpoint[] {
  return app.openAPIRegistry.definitions.flatMap((definition) =>
    definition.type === 'route'
      ? [{ method: definition.route.method, path: definition.route.path, summary: definition.route.summary ?? '' }]
      : [],
  );
}
