import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { type DeliveryDeps, submitDelivery } from '../../control/runs/delivery.ts';
import type { ServerDeps } from '../../deps.ts';
import type { DiskCheck } from '../http/disk-check.ts';
import { ApiError } from '../http/problem.ts';
import { json, problems } from '../http/route.ts';
import { readPayload } from './webhook-payload.ts';
import { findSender, findSubject, type HookTarget } from './webhook-sender.ts';

const Receipt = z
  .object({
    delivery: z.string().describe('The id of the delivery.'),
    outcome: z.enum(['accepted', 'seen', 'ignored']),
    reason: z.string().nullable(),
  })
  .openapi('Receipt');

const Headers = z.object({
  'x-github-event': z.string().max(100).optional(),
  'x-github-delivery': z
    .string()
    .max(100)
    .optional()
    .describe('A delivery is processed once, even when GitHub sends it several times.'),
  'x-hub-signature-256': z.string().optional().describe('sha256=..., the HMAC of the raw body.'),
  'x-github-hook-installation-target-type': z.string().optional(),
  'x-github-hook-installation-target-id': z.string().optional(),
});

const Body = { schema: { type: 'object' as const } };

const receive = createRoute({
  operationId: 'receiveWebhook',
  method: 'post',
  path: '/webhooks/github',
  summary: 'Receive a GitHub webhook; authenticated by its signature instead of a token',
  request: {
    headers: Headers,
    body: { required: true, content: { 'application/json': Body, 'application/x-www-form-urlencoded': Body } },
  },
  responses: {
    202: json(Receipt, 'Accepted and stored; its runs will be planned.'),
    200: json(Receipt, 'Already received, or ignored for the given reason.'),
    ...problems(400, 413, 415, 422, 507),
  },
});

/** Needs only SQL and the disk, so it works without Redis and GitHub. A request without a valid signature is counted, but not stored. */
export function webhookRoutes(
  deps: DeliveryDeps & Pick<ServerDeps, 'vault' | 'webhooks'>,
  disk: Pick<DiskCheck, 'requireWritable'>,
) {
  return new OpenAPIHono().openapi(receive, async (c) => {
    const headers = c.req.valid('header');
    const body = new Uint8Array(await c.req.arrayBuffer());
    const target = readTarget(headers);
    const sender = await findSender(deps, target, body, headers['x-hub-signature-256']);
    if (sender === null) throw reject('Invalid webhook signature.');

    const event = headers['x-github-event'];
    if (event === undefined) throw new ApiError(400, 'Missing header X-GitHub-Event.');
    const payload = await readPayload(c.req.header('content-type'), body);
    const { trigger, reason, repository } = deps.webhooks.read(event, payload.value);
    const repo = await findSubject(deps, sender, repository, payload.owner_id);
    if (repo === 'foreign')
      throw reject(`The secret of this webhook is not valid for ${repository?.full_name ?? 'this repository'}.`);

    const wanted = repo === null ? null : trigger;
    // Otherwise the payload could be stored as a blob before the database fails.
    if (wanted !== null) await disk.requireWritable();
    const receipt = await submitDelivery(deps, {
      guid: headers['x-github-delivery'] ?? null,
      body_hash: wanted === null ? null : payload.hash,
      event,
      action: payload.action,
      repo: repository?.full_name ?? repo?.name ?? null,
      repo_id: repo?.id ?? null,
      trigger: wanted,
      reason: repo === null && repository !== null ? `${repository.full_name} is not registered` : reason,
    });
    deps.metrics.deliveries.inc({ outcome: receipt.outcome });
    deps.log.info(
      { event, repo: repository?.full_name, ref: wanted?.ref, sha: wanted?.sha, ...receipt },
      'webhook delivery received',
    );
    return c.json(receipt, receipt.outcome === 'accepted' ? 202 : 200);
  });

  function reject(detail: string): ApiError {
    deps.metrics.deliveries.inc({ outcome: 'refused' });
    return new ApiError(401, detail, { headers: { 'www-authenticate': 'Signature realm="github"' } });
  }
}

function readTarget(headers: z.infer<typeof Headers>): HookTarget {
  const id = headers['x-github-hook-installation-target-id'];
  return {
    type: headers['x-github-hook-installation-target-type'] ?? null,
    id: id !== undefined && /^\d{1,15}$/.test(id) ? Number(id) : null,
  };
}
