import { type Command, Option } from 'commander';
import { z } from 'zod';
import { apiPath } from '../client/client.ts';
import { listPage, type Paging, wholeNumber, withPagingOptions } from '../client/paging.ts';
import { type CommandContext, openSession, type Session } from '../client/session.ts';
import { readFileArgument } from '../terminal/stdin.ts';
import { printFacts, printTable } from '../terminal/table.ts';
import { ago } from '../terminal/time.ts';

const Repo = z.looseObject({
  name: z.string(),
  clone_url: z.string(),
  default_branch: z.string().nullish(),
  github_id: z.int().nullish(),
  created_at: z.string().nullish(),
});
const Registered = Repo.extend({ webhook: z.looseObject({ url: z.string(), secret: z.string() }) });

export function addRepos(program: Command, context: CommandContext): void {
  const repos = program.command('repos').description('Manage the registered repositories.');

  withPagingOptions(repos.command('list'))
    .description('List the registered repositories.')
    .action((paging: Paging, command: Command) => listRepos(openSession(command, context), paging));

  repos
    .command('add')
    .argument('<owner/name>', 'the repository on GitHub')
    .description('Register a repository, and print the address and the secret for its webhook.')
    .addOption(
      new Option('--github-token <token>', 'a GitHub token to clone the repository and to report statuses').conflicts(
        'githubTokenFile',
      ),
    )
    .option(
      '--github-token-file <file>',
      'read the GitHub token from a file, so that it is not visible in the process list',
    )
    .option('--clone-url <address>', 'the clone URL; default: requested from GitHub')
    .option('--webhook-secret <secret>', 'the webhook secret; default: generated')
    .option('--github-id <number>', 'the GitHub id; default: requested from GitHub', wholeNumber)
    .addHelpText(
      'after',
      '\nExample:\n  gantry repos add acme/shop --github-token-file ~/.github-token\n\nThen add a webhook in the settings of the repository on GitHub, with the printed address and secret,\ncontent type application/json, for pushes and pull requests.',
    )
    .action((name: string, options: AddOptions, command: Command) =>
      addRepo(openSession(command, context), name, options),
    );

  repos
    .command('show')
    .argument('<owner/name>', 'a registered repository')
    .description('Show a repository.')
    .action((name: string, _options: unknown, command: Command) => showRepo(openSession(command, context), name));

  repos
    .command('remove')
    .argument('<owner/name>', 'a registered repository')
    .description('Remove a repository. Its webhooks are rejected from then on; its deployed apps keep running.')
    .action((name: string, _options: unknown, command: Command) => removeRepo(openSession(command, context), name));
}

async function listRepos(session: Session, paging: Paging): Promise<void> {
  const page = await listPage(session.client, apiPath('repos'), {}, paging, Repo);
  session.show(page, ({ items }) =>
    printTable(
      session.terminal,
      ['repo', 'default branch', 'added', 'clone URL'],
      items.map((repo) => [repo.name, repo.default_branch ?? '', ago(repo.created_at, Date.now()), repo.clone_url]),
    ),
  );
}

interface AddOptions {
  githubToken?: string;
  githubTokenFile?: string;
  cloneUrl?: string;
  webhookSecret?: string;
  githubId?: number;
}

async function addRepo(session: Session, name: string, options: AddOptions): Promise<void> {
  const token =
    options.githubTokenFile === undefined ? options.githubToken : readFileArgument(options.githubTokenFile).trim();
  const body = {
    name,
    ...(token !== undefined && { token }),
    ...(options.cloneUrl !== undefined && { clone_url: options.cloneUrl }),
    ...(options.webhookSecret !== undefined && { webhook_secret: options.webhookSecret }),
    ...(options.githubId !== undefined && { github_id: options.githubId }),
  };
  const repo = await session.client.post(apiPath('repos'), body, Registered);
  session.show(repo, () => {
    printFacts(session.terminal, [
      ['repo', repo.name],
      ['clone URL', repo.clone_url],
      ['webhook URL', repo.webhook.url],
      ['webhook secret', repo.webhook.secret],
    ]);
    session.terminal.note(
      '\nThe secret is shown only once. Add the webhook on GitHub: content type application/json, events push and pull_request.',
    );
  });
}

async function showRepo(session: Session, name: string): Promise<void> {
  const repo = await session.client.get(apiPath('repos', name), Repo);
  session.show(repo, () =>
    printFacts(session.terminal, [
      ['repo', repo.name],
      ['clone URL', repo.clone_url],
      ['default branch', repo.default_branch],
      ['GitHub id', repo.github_id?.toString()],
      ['added', repo.created_at],
    ]),
  );
}

async function removeRepo(session: Session, name: string): Promise<void> {
  await session.client.remove(apiPath('repos', name));
  session.show({ name, removed: true }, () => session.terminal.note(`${name} is no longer registered.`));
}
