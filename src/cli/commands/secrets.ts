import type { Command } from 'commander';
import { z } from 'zod';
import { type CommandContext, openSession, type Session } from '../client/session.ts';
import { readFileArgument, readSecret } from '../terminal/stdin.ts';
import { printTable } from '../terminal/table.ts';
import { ago } from '../terminal/time.ts';

const Secret = z.looseObject({ name: z.string(), version: z.int(), updated_at: z.string() });

export function addSecrets(program: Command, context: CommandContext): void {
  const secrets = program
    .command('secrets')
    .description(
      "A repository's secrets: for its workflows as secrets.NAME, for its app by `secrets:` of gantry.yml. No one reads them again.",
    );

  secrets
    .command('list')
    .argument('<owner/name>', 'the repository')
    .description('The names.')
    .action((repo: string, _options: unknown, command: Command) => listSecrets(openSession(command, context), repo));

  secrets
    .command('set')
    .argument('<owner/name>', 'the repository')
    .argument('<NAME>', 'letters, digits and _; kept in capitals')
    .argument('[value]', 'the value; without it, it is read from stdin, which no process list shows')
    .option('--from-file <file>', 'the value is what this file holds')
    .description('Set a secret; what runs already keeps the value that it had.')
    .addHelpText(
      'after',
      '\nExamples:\n  gantry secrets set acme/shop DATABASE_URL < database-url.txt\n  printf %s "$TOKEN" | gantry secrets set acme/shop NPM_TOKEN\n  gantry secrets set acme/shop NPM_TOKEN             asks for it',
    )
    .action((repo: string, name: string, value: string | undefined, options: { fromFile?: string }, command: Command) =>
      setSecret(openSession(command, context), repo, name, value, options.fromFile),
    );

  secrets
    .command('remove')
    .argument('<owner/name>', 'the repository')
    .argument('<NAME>', 'which one')
    .description('Forget a secret. Kept releases still have the version that they were made with.')
    .action((repo: string, name: string, _options: unknown, command: Command) =>
      removeSecret(openSession(command, context), repo, name),
    );
}

const Secrets = z.looseObject({ items: z.array(Secret) });

async function listSecrets(session: Session, repo: string): Promise<void> {
  const page = await session.client.get(`/api/v1/repos/${encodeURIComponent(repo)}/secrets`, Secrets);
  session.show(page, ({ items }) =>
    printTable(
      session.terminal,
      ['name', 'version', 'set'],
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
  await session.client.put(secretPath(repo, name), { value });
  session.show({ repo, name }, () => session.terminal.note(`${name} of ${repo} is set.`));
}

async function removeSecret(session: Session, repo: string, name: string): Promise<void> {
  await session.client.remove(secretPath(repo, name));
  session.show({ repo, name, removed: true }, () => session.terminal.note(`${name} of ${repo} is gone.`));
}

function secretPath(repo: string, name: string): string {
  return `/api/v1/repos/${encodeURIComponent(repo)}/secrets/${encodeURIComponent(name)}`;
}
