import type { Command } from 'commander';
import { z } from 'zod';
import { apiPath } from '../client/client.ts';
import { type CommandContext, openSession, type Session } from '../client/session.ts';
import { readFileArgument, readSecret } from '../terminal/stdin.ts';
import { printTable } from '../terminal/table.ts';
import { ago } from '../terminal/time.ts';

const Secret = z.looseObject({ name: z.string(), version: z.int(), updated_at: z.string() });

export function addSecrets(program: Command, context: CommandContext): void {
  const secrets = program
    .command('secrets')
    .description(
      'Manage the secrets of a repository. Workflows use them as secrets.NAME, apps list them under `secrets:` in gantry.yml. Values are never shown again.',
    );

  secrets
    .command('list')
    .argument('<owner/name>', 'the repository')
    .description('List the names of the secrets.')
    .action((repo: string, _options: unknown, command: Command) => listSecrets(openSession(command, context), repo));

  secrets
    .command('set')
    .argument('<owner/name>', 'the repository')
    .argument('<NAME>', 'letters, digits and _; converted to upper case')
    .argument('[value]', 'the value; default: read from stdin, so that it is not visible in the process list')
    .option('--from-file <file>', 'read the value from a file')
    .description('Set a secret. Running jobs keep the old value.')
    .addHelpText(
      'after',
      '\nExamples:\n  gantry secrets set acme/shop DATABASE_URL < database-url.txt\n  printf %s "$TOKEN" | gantry secrets set acme/shop NPM_TOKEN\n  gantry secrets set acme/shop NPM_TOKEN             prompts for the value',
    )
    .action((repo: string, name: string, value: string | undefined, options: { fromFile?: string }, command: Command) =>
      setSecret(openSession(command, context), repo, name, value, options.fromFile),
    );

  secrets
    .command('remove')
    .argument('<owner/name>', 'the repository')
    .argument('<NAME>', 'the name of the secret')
    .description('Remove a secret. Kept releases still use the version that they were created with.')
    .action((repo: string, name: string, _options: unknown, command: Command) =>
      removeSecret(openSession(command, context), repo, name),
    );
}

const Secrets = z.looseObject({ items: z.array(Secret) });

async function listSecrets(session: Session, repo: string): Promise<void> {
  const page = await session.client.get(apiPath('repos', repo, 'secrets'), Secrets);
  session.show(page, ({ items }) =>
    printTable(
      session.terminal,
      ['name', 'version', 'updated'],
      items.map(({ name, version, updated_at }) => [name, String(version), ago(updated_at, Date.now())]),
    ),
  );
}

async function setSecret(
  session: Session,
  repo: string,
  name: string,
  given: string | undefined,
  file: string | undefined,
): Promise<void> {
  const value = given ?? (file === undefined ? await readSecret(`${name}: `) : readFileArgument(file));
  await session.client.put(apiPath('repos', repo, 'secrets', name), { value });
  session.show({ repo, name }, () => session.terminal.note(`Secret ${name} of ${repo} is set.`));
}

async function removeSecret(session: Session, repo: string, name: string): Promise<void> {
  await session.client.remove(apiPath('repos', repo, 'secrets', name));
  session.show({ repo, name, removed: true }, () => session.terminal.note(`Secret ${name} of ${repo} is removed.`));
}
