export interface Rule {
  /** Rooms and root files whose values may be imported. Files in SHARED and types of `jobs` and `deps.ts` may always be imported. */
  rooms: string[];
  /** Packages besides zod. A name includes its subpaths; one that ends in / is a whole scope. */
  packages: string[];
  node: boolean;
}

/** Rooms without I/O, clock and randomness. */
export const PURE = ['workflows', 'jobs', 'masking'];

/** What each room and each file at the root of src may import. ARCHITECTURE.md shows it. */
export const TABLE: Record<string, Rule> = {
  workflows: { rooms: ['jobs'], packages: ['@actions/', 'yaml'], node: false },
  jobs: { rooms: [], packages: [], node: false },
  engine: { rooms: ['workflows', 'jobs', 'log'], packages: ['tar-stream', '@balena/dockerignore'], node: true },
  workers: { rooms: ['engine', 'workflows', 'jobs', 'log'], packages: [], node: true },
  control: { rooms: ['workflows', 'jobs', 'log'], packages: [], node: true },
  api: { rooms: ['control', 'jobs', 'log'], packages: ['hono', '@hono/'], node: true },
  cli: {
    rooms: ['deps', 'api', 'control', 'workers', 'config', 'log', 'metrics'],
    packages: ['commander'],
    node: true,
  },
  'adapters/blobs': adapter(),
  'adapters/docker': adapter('dockerode', 'docker-modem', '@grpc/grpc-js', 'protobufjs', 'tar-stream'),
  'adapters/git': adapter(),
  'adapters/github': adapter('@octokit/rest', '@octokit/webhooks-methods'),
  'adapters/lock': adapter(),
  'adapters/logs': adapter(),
  'adapters/proxy': adapter(),
  'adapters/redis': adapter('bullmq', 'ioredis'),
  'adapters/spool': adapter(),
  'adapters/store': adapter('kysely'),
  'adapters/vault': adapter(),
  config: { rooms: [], packages: [], node: true },
  masking: { rooms: [], packages: [], node: false },
  abort: { rooms: [], packages: [], node: false },
  error: { rooms: [], packages: [], node: false },
  wakeup: { rooms: [], packages: [], node: true },
  deps: { rooms: ['adapters', 'jobs', 'config', 'log', 'metrics'], packages: [], node: true },
  log: { rooms: [], packages: ['pino'], node: true },
  metrics: { rooms: [], packages: ['prom-client'], node: true },
  register: { rooms: [], packages: [], node: true },
};

/** Rooms and files at the root of src that other rooms may import too; pure rooms only `error`. */
export const SHARED: Record<string, (room: string) => boolean> = {
  masking: (room) => !PURE.includes(room),
  error: () => true,
  abort: (room) => !PURE.includes(room),
  wakeup: (room) => !PURE.includes(room),
};

/** Which folders of the same room a folder may import; `.` is the room's own folder. Rooms that are not listed have no folders. */
export const FOLDERS: Record<string, Record<string, string[]>> = {
  api: {
    http: [],
    repos: ['http'],
    runs: ['http'],
    webhooks: ['http'],
    '.': ['http', 'repos', 'runs', 'webhooks'],
  },
  cli: {
    terminal: [],
    client: ['terminal'],
    supervision: ['terminal'],
    redis: ['supervision', 'terminal'],
    roles: ['client', 'redis', 'supervision', 'terminal'],
    doctor: ['client', 'redis', 'roles'],
    commands: ['client', 'doctor', 'roles', 'supervision', 'terminal'],
    '.': ['client', 'commands', 'terminal'],
  },
  control: {
    stored: [],
    outbox: ['stored'],
    repos: [],
    attempts: ['outbox', 'stored'],
    reports: ['outbox', 'attempts', 'stored'],
    deployments: ['outbox', 'repos', 'reports', 'stored'],
    runs: ['outbox', 'attempts', 'reports', 'deployments', 'stored'],
    environments: ['outbox', 'attempts', 'deployments', 'runs', 'stored'],
    protocol: ['outbox', 'repos', 'attempts', 'reports', 'deployments', 'runs', 'environments', 'stored'],
    '.': ['outbox', 'attempts', 'reports', 'environments', 'protocol'],
  },
  engine: {
    '.': [],
    workspace: ['.'],
    sandbox: ['.', 'workspace'],
    execution: ['.', 'sandbox', 'workspace'],
    build: ['.', 'execution', 'sandbox', 'workspace'],
    deploy: ['.', 'execution', 'workspace'],
    steps: ['.', 'build', 'deploy', 'execution', 'sandbox', 'workspace'],
    job: ['.', 'execution', 'sandbox', 'steps', 'workspace'],
  },
  jobs: {
    '.': [],
    deploy: ['.'],
    run: ['.'],
    protocol: ['.', 'deploy', 'run'],
  },
  workers: {
    plan: [],
    reports: [],
    attempt: ['plan', 'reports'],
    host: ['attempt'],
    '.': ['attempt', 'host'],
  },
  workflows: {
    '.': [],
    expressions: [],
    yaml: [],
    app: ['.', 'yaml'],
    syntax: ['.', 'expressions', 'yaml'],
    plan: ['.', 'expressions', 'syntax', 'yaml'],
  },
  'adapters/redis': {
    '.': [],
    bus: ['.'],
    queue: ['.'],
  },
  'adapters/docker': {
    engine: ['.'],
    images: ['.', 'engine'],
    build: ['.', 'engine', 'images'],
    containers: ['.', 'engine', 'images'],
    '.': ['build', 'containers', 'engine', 'images'],
  },
};

function adapter(...packages: string[]): Rule {
  return { rooms: ['jobs', 'workflows', 'log'], packages, node: true };
}
