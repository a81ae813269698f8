import type { FileContent } from '../git-server.ts';

export interface ShopOptions {
  app: string;
  host: string;
  /** Part of every response of the app; built into the image. */
  release: string;
  /** Part of every response of the app; set in gantry.yml. */
  greeting?: string;
  /** `unhealthy`: runs and logs, but never becomes healthy. `blocked`: becomes healthy after `unblockAll`. */
  mode?: 'healthy' | 'unhealthy' | 'blocked';
  /** The script of the job `test`. */
  test?: string;
  health_timeout?: string;
}

/** The files of a repository that tests, builds and deploys an app with its own workflow. */
export function shopFiles(options: ShopOptions): Record<string, FileContent> {
  return {
    '.github/workflows/ci.yml': WORKFLOW,
    Dockerfile: 'FROM node:24-bookworm-slim\nWORKDIR /app\nCOPY server.js release.txt ./\nCMD ["node", "server.js"]\n',
    'server.js': SERVER,
    'release.txt': options.release,
    'test.sh': options.test ?? 'grep -q . release.txt && echo tested',
    'gantry.yml': appFile(options),
  };
}

/** A gantry.yml in the form that the README shows. */
export function appFile({
  app,
  host,
  greeting = 'hello',
  mode = 'healthy',
  health_timeout = '30s',
}: Omit<ShopOptions, 'release'>) {
  return `app: ${app}
env: { GREETING: ${greeting}, MODE: ${mode} }
secrets: [PASSWORD]
processes:
  web:
    port: 3000
    hosts: [${host}]
    health: { path: /up, interval: 200ms, timeout: ${health_timeout} }
    stop_grace: 2s
    memory: 128m
`;
}

/** `/up` is the health check, `/events` an endless stream. */
const SERVER = `
const { createServer } = require('node:http');
const { existsSync, readFileSync } = require('node:fs');
const release = readFileSync('release.txt', 'utf8');
const isHealthy = () => MODE === 'healthy' || (MODE === 'blocked' && existsSync('/tmp/unblock'));
const { GREETING, MODE, PASSWORD } = process.env;
console.log('release ' + release + ' is ' + MODE);
if (MODE === 'unhealthy') console.log('cannot connect to the database');
const server = createServer((request, response) => {
  if (request.url === '/up') return response.writeHead(isHealthy() ? 200 : 503).end();
  if (request.url === '/events') return response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: ' + release + '\\n\\n');
  response.end(GREETING + ' ' + release + ' ' + PASSWORD.length);
});
server.listen(3000);
process.on('SIGTERM', () => server.close(() => process.exit()));
`;

const WORKFLOW = `name: CI
on: push
jobs:
  test:
    runs-on: ubuntu-latest
    container: busybox:latest
    steps:
      - uses: actions/checkout@v4
      - name: Test
        run: sh test.sh
  build:
    needs: test
    runs-on: ubuntu-latest
    outputs:
      image: \${{ steps.image.outputs.image }}
      digest: \${{ steps.image.outputs.digest }}
    steps:
      - uses: actions/checkout@v4
      - uses: gantry/build@v1
        id: image
  deploy:
    needs: build
    runs-on: ubuntu-latest
    steps:
      - uses: gantry/deploy@v1
        with:
          environment: production
          image: \${{ needs.build.outputs.image }}
`;

/** The files of a repository with a workflow of one job, which runs a script of these lines. */
export function oneJobFiles(lines: string[], container = 'busybox:latest'): Record<string, FileContent> {
  const script = lines.map((line) => `          ${line}\n`).join('');
  return {
    '.github/workflows/ci.yml': `name: CI
on: push
jobs:
  test:
    runs-on: ubuntu-latest
    container: ${container}
    steps:
      - uses: actions/checkout@v4
      - run: |
${script}`,
  };
}
