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

/** Prints addresses, versions, the first token and the next steps. With `json`, one JSON document on stdout. */
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
  const row = (name: string, value: string) => terminal.note(`  ${name.padEnd(10)} ${value}`);
  terminal.note('\nGantry is running.\n');
  row('API', `${address}  (description: ${address}/openapi.json)`);
  if (config.public_url !== address) row('public URL', config.public_url);
  row('apps', `${apps}, by host name`);
  row('data', config.data_dir);
  row('Redis', redis);
  row('Docker', docker);
  row('workers', String(config.workers));
  row('process', String(pid));
  if (summary.first_token) {
    row('token', readFileSync(tokenFile(config), 'utf8').trim());
    terminal.note(`\nThis token gives full access. It is shown only once and stored in ${tokenFile(config)}.`);
  }
  terminal.note(`
On this machine, the command line finds the server and the token by itself. Next steps:
  gantry repos add OWNER/NAME --github-token-file FILE   register a repository, to run its workflows
  gantry jobs start busybox --run 'echo hello' --wait    run a container
  gantry doctor                                          check the installation
Press Ctrl-C to stop. Deployed apps keep running.\n`);
}
