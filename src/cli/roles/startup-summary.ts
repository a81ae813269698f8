import { readFileSync } from 'node:fs';
import type { Config } from '../../config.ts';
import { tokenFile } from '../client/server-address.ts';
import type { ServerReady } from '../supervision/role-process.ts';
import type { Terminal } from '../terminal/terminal.ts';

export interface Summary extends ServerReady {
  config: Config;
  docker: string;
  redis: string;
  pid: number;
}

/** Everything is up: where it is, how to get in and what to do next. */
export function printStartupSummary(summary: Summary, terminal: Terminal, json: boolean): void {
  const { address, installation, config, docker, redis, pid } = summary;
  const apps = `http://127.0.0.1${config.proxy_http_port === 80 ? '' : `:${config.proxy_http_port}`}`;
  if (json) {
    const { data_dir, public_url, workers } = config;
    terminal.print(
      JSON.stringify({
        url: address,
        public_url,
        apps_url: apps,
        data_dir,
        token_file: tokenFile(config),
        installation,
        workers,
        docker,
        redis,
        pid,
      }),
    );
    return;
  }
  const fact = (name: string, value: string) => terminal.note(`  ${name.padEnd(9)} ${value}`);
  terminal.note('\nGantry is up.\n');
  fact('API', `${address}  (described at ${address}/openapi.json)`);
  if (config.public_url !== address) fact('public', config.public_url);
  fact('apps', `${apps}, by their host names`);
  fact('data', config.data_dir);
  fact('Redis', redis);
  fact('Docker', docker);
  fact('workers', String(config.workers));
  fact('process', String(pid));
  if (summary.first_token) {
    fact('token', readFileSync(tokenFile(config), 'utf8').trim());
    terminal.note(`\nThe token opens everything and is shown this once; it is kept in ${tokenFile(config)}.`);
  }
  terminal.note(`
On this machine the command line finds all this by itself. Next:
  gantry repos add OWNER/NAME --github-token-file FILE   have a repository's pushes run
  gantry jobs start busybox --run 'echo hello' --wait    or run any container
  gantry doctor                                          check each part
Ctrl-C ends it; deployed apps go on.\n`);
}
