import type { Command } from 'commander';
import { z } from 'zod';
import { apiPath } from '../client/client.ts';
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
  const deliveries = program.command('deliveries').description('List and show webhook deliveries.');

  withPagingOptions(deliveries.command('list'))
    .description('List the newest deliveries with their status (received, planned, ignored or failed) and reason.')
    .action((paging: Paging, command: Command) => listDeliveries(openSession(command, context), paging));

  deliveries
    .command('show')
    .argument('<delivery>', 'delivery id: dlv_...')
    .description('Show a delivery and the runs that it started.')
    .action((id: string, _options: unknown, command: Command) => showDelivery(openSession(command, context), id));
}

async function listDeliveries(session: Session, paging: Paging): Promise<void> {
  const page = await listPage(session.client, apiPath('deliveries'), {}, paging, Delivery);
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
  const delivery = await session.client.get(apiPath('deliveries', id), Delivery);
  session.show(delivery, () =>
    printFacts(session.terminal, [
      ['delivery', delivery.id],
      ['GUID', delivery.guid],
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
