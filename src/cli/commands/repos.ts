import { type Command, Option } from 'commander';
import { z } from 'zod';
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
  const repos = program.command('repos').description('The repositories whose pushes are run.');

  withPagingOptions(repos.command('list'))
    .description('All registered repositories.')
    .action((paging: Paging, command: Command) => listRepos(openSession(command, context), paging));

  repos
    .command('add')
    .argument('<owner/name>', 'as GitHub names it')
    .description(
      'Register a repository. Prints the address and the secret for its webhook; what is not given is asked of GitHub or made.',
    )
    .addOption(
      new Option('--github-token <token>', 'to clone it and to tell GitHub how runs ended').conflicts(
        'githubTokenFile',
      ),
    )
    .option('--github-token-file <file>', 'the same, from a file, which no process list shows')
    .option('--clone-url <address>', 'default: what GitHub says')
    .option('--webhook-secret <secret>', 'default: one is made')
    .option('--github-id <number>', 'default: what GitHub says', wholeNumber)
    .addHelpText(
      'after',
      "\nExample:\n  gantry repos add acme/shop --github-token-file ~/.github-token\n\nThen, in the repository's settings on GitHub, add a webhook with the address and secret that are printed,\ncontent type application/json, for pushes and pull requests.",
    )
    .action((name: string, options: AddOptions, command: Command) =>
      addRepo(openSession(command, context), name, options),
    );

  repos
    .command('show')
    .argument('<owner/name>', 'a registered repository')
    .description('One repository.')
    .action((name: string, _options: unknown, command: Command) => showRepo(openSession(command, context), name));

  repos
    .command('remove')
    .argument('<owner/name>', 'a registered repository')
    .description('Forget a repository. Its webhooks are refused from then on; what it deployed goes on serving.')
    .action((name: string, _options: unknown, command: Command) => removeRepo(openSession(command, context), name));
}

async function listRepos(session: Session, paging: Paging): Promise<void> {
  const page = await listPage(session.client, '/api/v1/repos', {}, paging, Repo);
  session.show(page, ({ items }) =>
    printTable(
      session.terminal,
      ['repo', 'branch', 'added', 'cloned from'],
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
  const repo = await session.client.post('/api/v1/repos', body, Registered);
  session.show(repo, () => {
    printFacts(session.terminal, [
      ['repo', repo.name],
      ['cloned from', repo.clone_url],
      ['webhook address', repo.webhook.url],
      ['webhook secret', repo.webhook.secret],
    ]);
    session.terminal.note(
      '\nThe secret is shown this once. Add the webhook on GitHub: content type application/json, pushes and pull requests.',
    );
  });
}

async function showRepo(session: Session, name: string): Promise<void> {
  const repo = await session.client.get(repoPath(name), Repo);
  session.show(repo, () =>
    printFacts(session.terminal, [
      ['repo', repo.name],
      ['cloned from', repo.clone_url],
      ['default branch', repo.default_branch],
      ["GitHub's id", repo.github_id?.toString()],
      ['added', repo.created_at],
    ]),
  );
}

async function removeRepo(session: Session, name: string): Promise<void> {
  await session.client.remove(repoPath(name));
  session.show({ name, removed: true }, () => session.terminal.note(`${name} is no longer registered.`));
}

function repoPath(name: string): string {
  return `/api/v1/repos/${encodeURIComponent(name)}`;
}
