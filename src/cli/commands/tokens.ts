import type { Command } from 'commander';
import { z } from 'zod';
import { listPage, type Paging, withPagingOptions } from '../client/paging.ts';
import { type CommandContext, openSession, type Session } from '../client/session.ts';
import { printTable } from '../terminal/table.ts';
import { ago } from '../terminal/time.ts';

const Token = z.looseObject({
  id: z.string(),
  name: z.string(),
  created_at: z.string().nullish(),
  last_used_at: z.string().nullish(),
});

export function addTokens(program: Command, context: CommandContext): void {
  const tokens = program
    .command('token')
    .description('Tokens for the API. They are stored hashed: a lost one is replaced, not recovered.');

  withPagingOptions(tokens.command('list'))
    .description('Tokens by name, with their last use.')
    .action((paging: Paging, command: Command) => listTokens(openSession(command, context), paging));

  tokens
    .command('create')
    .argument('<name>', 'whom it is for')
    .description('Make a token; it is printed this once.')
    .addHelpText('after', '\nExample:\n  GANTRY_TOKEN=$(gantry token create deploy-bot) ./deploy')
    .action((name: string, _options: unknown, command: Command) => createToken(openSession(command, context), name));

  tokens
    .command('revoke')
    .argument('<token>', 'its id: tok_...')
    .description('End a token at once.')
    .action((id: string, _options: unknown, command: Command) => revokeToken(openSession(command, context), id));
}

async function listTokens(session: Session, paging: Paging): Promise<void> {
  const page = await listPage(session.client, '/api/v1/tokens', {}, paging, Token);
  session.show(page, ({ items }) =>
    printTable(
      session.terminal,
      ['token', 'name', 'made', 'last used'],
      items.map((token) => [
        token.id,
        token.name,
        ago(token.created_at, Date.now()),
        ago(token.last_used_at, Date.now()) || 'never',
      ]),
    ),
  );
}

async function createToken(session: Session, name: string): Promise<void> {
  const made = await session.client.post(
    '/api/v1/tokens',
    { name },
    z.looseObject({ id: z.string(), token: z.string() }),
  );
  session.show(made, () => {
    session.terminal.note(`${made.id}; this is the only time that it is shown:`);
    session.terminal.print(made.token);
  });
}

async function revokeToken(session: Session, id: string): Promise<void> {
  await session.client.remove(`/api/v1/tokens/${encodeURIComponent(id)}`);
  session.show({ id, revoked: true }, () => session.terminal.note(`${id} is revoked.`));
}
