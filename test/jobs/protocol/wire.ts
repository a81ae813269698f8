import type { DeployOrder, NewRelease } from '../../../src/jobs/deploy/deployment.ts';
import type { JobGrant } from '../../../src/jobs/protocol/grant.ts';
import type { Step } from '../../../src/jobs/run/step.ts';
import type { Trigger } from '../../../src/jobs/run/trigger.ts';

export const step: Step = {
  number: 1,
  id: 'install',
  name: 'npm ci',
  status: 'succeeded',
  reason: null,
  exit_code: 0,
  started_at: 1,
  finished_at: 2,
};

export const trigger: Trigger = {
  kind: 'push',
  event: 'push',
  action: null,
  ref: 'refs/heads/main',
  sha: 'c'.repeat(40),
  before: null,
  forced: false,
  base_ref: null,
  head_ref: null,
  actor: 'ada',
  payload: {},
};

const config: NewRelease['config'] = {
  app: 'shop',
  environment: 'production',
  env: { LOG_LEVEL: 'info' },
  secrets: ['DATABASE_URL'],
  processes: {
    web: {
      command: null,
      port: 3000,
      hosts: ['shop.example.com'],
      health: { path: '/up', interval: 1000, timeout: 30_000 },
      stop_grace: 10_000,
      cpus: 1,
      memory: null,
    },
  },
};

export const newRelease: NewRelease = { step: 3, config, image_id: 'sha256:1', image: 'shop:1', digest: null };

export const order: DeployOrder = {
  deployment: 'dep_2',
  release: 'rel_2',
  config,
  image_id: 'sha256:2',
  env: { DATABASE_URL: 'postgres://' },
  masks: ['postgres://'],
  sha: 'c'.repeat(40),
  live: { deployment: 'dep_1', release: 'rel_1', image_id: 'sha256:1', sha: null, stop_grace: 10_000 },
  ordered: true,
  problem: null,
};

export const job: JobGrant = {
  subject: 'job',
  job: 'job_1',
  number: 1,
  run: 'run_1',
  spec: {
    key: 'test (24)',
    base: 'test',
    name: 'test (24)',
    kind: 'test',
    needs: ['lint'],
    if: 'success()',
    matrix: { node: 24 },
    strategy: { fail_fast: true, job_index: 0, job_total: 1, max_parallel: null },
    continue_on_error: 'false',
    timeout_minutes: 5,
    runs_on: ['ubuntu-latest'],
    container: { image: null, env: {} },
    env: [{ CI: 'true' }],
    outputs: {},
    steps: [],
    environments: [],
    line: 1,
    column: 1,
  },
  command: null,
  source: { id: 'repo_1', name: 'acme/shop', clone_url: 'https://github.com/acme/shop.git', token: null },
  sha: 'c'.repeat(40),
  ref: 'refs/heads/main',
  github: { ref: 'refs/heads/main' },
  payload_blob: null,
  needs: { lint: { result: 'success', outputs: {} } },
  secrets: { NPM_TOKEN: 's' },
  limits: { cpus: null, memory_mb: null },
  release: null,
};
