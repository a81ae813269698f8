import type { FileContent } from '../git-server.ts';

export interface Shop {
  app: string;
  host: string;
  /** What the app answers to every request: it is built into the image. */
  release: string;
  /** In gantry.yml, for the app to say beside its release. */
  greeting?: string;
  /** `sick`: never healthy; it logs lines and goes on running. `held`: healthy once it has /tmp/open. */
  mode?: 'well' | 'sick' | 'held';
  /** The script that the job `test` runs. */
  test?: string;
  health_timeout?: string;
}

/** A repository that tests, builds and deploys an app by a workflow of its own. */
export function shopFiles(of: Shop): Record<string, FileContent> {
  return {
    '.github/workflows/ci.yml': WORKFLOW,
    Dockerfile: 'FROM node:24-bookworm-slim\nWORKDIR /app\nCOPY server.js release.txt ./\nCMD ["node", "server.js"]\n',
    'server.js': SERVER,
    'release.txt': of.release,
    'test.sh': of.test ?? 'grep -q . release.txt && echo tested',
    'gantry.yml': appFile(of),
  };
}

/** In the form that the documentation has it. */
export function appFile({
  app,
  host,
  greeting = 'hello',
  mode = 'well',
  health_timeout = '30s',
}: Omit<Shop, 'release'>) {
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

/** `/up` says how it is, `/events` is a stream without an end. */
const SERVER = `
const { createServer } = require('node:http');
const { existsSync, readFileSync } = require('node:fs');
const release = readFileSync('release.txt', 'utf8');
const isWell = () => MODE === 'well' || (MODE === 'held' && existsSync('/tmp/open'));
const { GREETING, MODE, PASSWORD } = process.env;
console.log('release ' + release + ' is ' + MODE);
if (MODE === 'sick') console.log('there is no database');
const server = createServer((request, response) => {
  if (request.url === '/up') return response.writeHead(isWell() ? 200 : 503).end();
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

/** A workflow of one job in a small image, with these lines of its script. */
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
