import type { Command } from 'commander';
import { z } from 'zod';
import { listPage, type Paging, withPagingOptions } from '../client/paging.ts';
import { shortRef } from '../client/responses.ts';
import { type CommandContext, openSession, type Session } from '../client/session.ts';
import { printFacts, printTable } from '../terminal/table.ts';
import { statusStyle } from '../terminal/terminal.ts';
import { ago } from '../terminal/time.ts';

const Delivery = z.looseObject({
  id: z.string(),
  guid: z.string().nullish(),
  event: z.string().nullish(),
  action: z.string().nullish(),
  repo: z.string().nullish(),
  ref: z.string().nullish(),
  sha: z.string().nullish(),
  status: z.string(),
  reason: z.string().nullish(),
  run_ids: z.array(z.string()).default([]),
  received_at: z.string().nullish(),
});
type Delivery = z.infer<typeof Delivery>;

export function addDeliveries(program: Command, context: CommandContext): void {
  const deliveries = program.command('deliveries').description('Webhooks that came in, and what became of each.');

  withPagingOptions(deliveries.command('list'))
    .description('The newest deliveries: received, planned, ignored (with the reason) or failed.')
    .action((paging: Paging, command: Command) => listDeliveries(openSession(command, context), paging));

  deliveries
    .command('show')
    .argument('<delivery>', 'its id: dlv_...')
    .description('One delivery and the runs that it made.')
    .action((id: string, _options: unknown, command: Command) => showDelivery(openSession(command, context), id));
}

async function listDeliveries(session: Session, paging: Paging): Promise<void> {
  const page = await listPage(session.client, '/api/v1/deliveries', {}, paging, Delivery);
  session.show(page, ({ items }) =>
    printTable(
      session.terminal,
      ['delivery', 'event', 'repo', 'ref', 'status', 'when', 'reason'],
      items.map((delivery) => [
        delivery.id,
        eventOf(delivery),
        delivery.repo ?? '',
        shortRef(delivery.ref),
        { text: delivery.status, style: statusStyle(delivery.status) },
        ago(delivery.received_at, Date.now()),
        delivery.reason ?? '',
      ]),
    ),
  );
}

async function showDelivery(session: Session, id: string): Promise<void> {
  const delivery = await session.client.get(`/api/v1/deliveries/${encodeURIComponent(id)}`, Delivery);
  session.show(delivery, () =>
    printFacts(session.terminal, [
      ['delivery', delivery.id],
      ["GitHub's id", delivery.guid],
      ['event', eventOf(delivery)],
      ['repo', delivery.repo],
      ['ref', delivery.ref],
      ['commit', delivery.sha],
      ['status', delivery.status],
      ['reason', delivery.reason],
      ['received', delivery.received_at],
      ['runs', delivery.run_ids.join(' ')],
    ]),
  );
}

function eventOf({ event, action }: Delivery): string {
  return [event, action].filter(Boolean).join(' ');
}
