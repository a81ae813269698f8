import type { Command } from 'commander';
import { z } from 'zod';
import { apiPath } from '../client/client.ts';
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
    .description('Manage API tokens. Only their hashes are stored, so a lost token cannot be recovered.');

  withPagingOptions(tokens.command('list'))
    .description('List the tokens with the time of their last use.')
    .action((paging: Paging, command: Command) => listTokens(openSession(command, context), paging));

  tokens
    .command('create')
    .argument('<name>', 'a name for the token, such as its user or purpose')
    .description('Create a token. It is printed only once.')
    .addHelpText('after', '\nExample:\n  GANTRY_TOKEN=$(gantry token create deploy-bot) ./deploy')
    .action((name: string, _options: unknown, command: Command) => createToken(openSession(command, context), name));

  tokens
    .command('revoke')
    .argument('<token>', 'token id: tok_...')
    .description('Revoke a token immediately.')
    .action((id: string, _options: unknown, command: Command) => revokeToken(openSession(command, context), id));
}

async function listTokens(session: Session, paging: Paging): Promise<void> {
  const page = await listPage(session.client, apiPath('tokens'), {}, paging, Token);
  session.show(page, ({ items }) =>
    printTable(
      session.terminal,
      ['token', 'name', 'created', 'last used'],
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
    apiPath('tokens'),
    { name },
    z.looseObject({ id: z.string(), token: z.string() }),
  );
  session.show(made, () => {
    session.terminal.note(`Token ${made.id} is created. It is shown only once:`);
    session.terminal.print(made.token);
  });
}

async function revokeToken(session: Session, id: string): Promise<void> {
  await session.client.remove(apiPath('tokens', id));
  session.show({ id, revoked: true }, () => session.terminal.note(`Token ${id} is revoked.`));
}
