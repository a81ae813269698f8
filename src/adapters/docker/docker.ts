import type { Readable } from 'node:stream';
import { CodedError } from '../../error.ts';

/** One Docker Engine. Every object that it makes carries `gantry.installation`; nothing without that label is ever removed. */
export interface Docker {
  /** Throws `DockerError` `unreachable` with what to do. */
  version(): Promise<{ version: string; api_version: string; root_dir: string }>;

  /** The image as it is here, or null. `reference` may be a name, `name@sha256:...` or an image ID. */
  image(reference: string): Promise<Image | null>;
  /** The image, pulled when it is not here. Throws `DockerError` `image_missing` with the registry's words. */
  pull(reference: string, watch: Watch): Promise<Image>;
  /** Gives an image one more name, `repository:tag`. */
  tag(image: string, reference: string): Promise<void>;
  /** Takes a name away; the image goes when it was the last, which it keeps while a container uses it. A missing one is no error. */
  untag(reference: string): Promise<void>;
  /** Names of images that match `repository:*`. */
  tags(repository: string): Promise<string[]>;
  /** Throws `DockerError` `refused` with the registry's words. */
  push(reference: string, watch: Watch): Promise<{ digest: string }>;
  /** BuildKit, through the Engine API. Aborting `signal` ends it on the daemon too. Throws `BuildError` when the user's recipe fails. */
  build(spec: BuildSpec, watch: BuildWatch): Promise<Image>;

  /** Makes sure that a network of ours is there (`gantry-jobs`: no inter-container traffic). Two processes may do so at once. */
  network(spec: NetworkSpec): Promise<string>;
  /** Networks of this installation that carry all these labels. */
  networks(labels: Record<string, string>): Promise<Network[]>;
  /** Removes a network of this installation, once no container uses it. A missing one is no error. */
  removeNetwork(network: string): Promise<void>;
  volume(name: string): Promise<void>;

  create(spec: ContainerSpec): Promise<string>;
  /** One that runs already is left as it is. */
  start(container: string): Promise<void>;
  /** SIGTERM (or the image's stop signal), after `grace` milliseconds SIGKILL. One that is stopped or gone is no error. */
  stop(container: string, grace: number): Promise<void>;
  /** Signals the container's own process. TERM is the image's stop signal if it has one. A container that does not run is no error. */
  signal(container: string, signal: 'TERM' | 'KILL'): Promise<void>;
  /** Gone with its anonymous volumes; waits until it is. A missing one is no error. */
  remove(container: string): Promise<void>;
  /** Holds all its processes while `work` runs; a container that is not running is left as it is. */
  whilePaused<T>(container: string, work: () => Promise<T>): Promise<T>;
  inspect(container: string): Promise<Container | null>;
  /** Containers of this installation that carry all these labels, also those that do not run. */
  containers(labels: Record<string, string>): Promise<Container[]>;
  setRestartPolicy(container: string, policy: 'no' | 'unless-stopped'): Promise<void>;
  connect(container: string, network: string, aliases: string[]): Promise<void>;
  /** The last lines of both streams, oldest first. */
  logs(container: string, lines: number): Promise<string[]>;
  /** Attaches, starts and follows the container's own process to its end. */
  run(container: string, io: ProcessOutput): Promise<Exit>;
  /** Resolves when the container's own process has ended. */
  wait(container: string, signal: AbortSignal): Promise<Exit>;
  /** One more process in a running container. Resolves when that process ends, plus at most 2 s for its output. */
  exec(container: string, spec: ExecSpec, io: ProcessIo): Promise<Exit>;
  /** As `exec`, with what it wrote; for short commands of ours. */
  read(container: string, argv: string[], user?: string): Promise<{ exit_code: number; output: string }>;
}

export interface Image {
  id: string;
  /** `name@sha256:...` of registries that know it. */
  digests: string[];
  tags: string[];
  size: number;
  labels: Record<string, string>;
  user: string;
}

export interface Container {
  id: string;
  name: string;
  image_id: string;
  labels: Record<string, string>;
  state: 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';
  exit_code: number;
  oom_killed: boolean;
  /** Addresses by network name. */
  addresses: Record<string, string>;
  published: { container_port: number; host_port: number }[];
}

export interface Exit {
  exit_code: number;
  oom_killed: boolean;
}

export interface ProcessOutput {
  stdout(chunk: Buffer): void;
  stderr(chunk: Buffer): void;
  signal?: AbortSignal;
}

export interface ProcessIo extends ProcessOutput {
  /** Without it the process reads from /dev/null. */
  stdin?: Readable;
}

export interface ExecSpec {
  argv: string[];
  env: Record<string, string>;
  cwd: string;
  user?: string;
}

export interface Watch {
  /** Lines for people: what is pulled or pushed and how far it is. */
  progress(line: string): void;
  signal: AbortSignal;
}

export interface BuildWatch extends Watch {
  /** Text that the recipe's commands print. */
  output(stream: 'stdout' | 'stderr', chunk: Buffer): void;
}

export interface BuildSpec {
  /** A tar stream; read to its end, or destroyed. */
  context: NodeJS.ReadableStream;
  /** Path of the recipe inside the context. */
  dockerfile: string;
  tags: string[];
  labels: Record<string, string>;
  build_args: Record<string, string>;
  target: string | null;
  /** Contents by id, for `RUN --mount=type=secret,id=...`; they never reach the image or the cache key. */
  secrets: Record<string, Buffer>;
  no_cache: boolean;
}

export interface NetworkSpec {
  name: string;
  /** Whether containers on it reach each other. */
  open: boolean;
  /** As CIDR. Without it the Engine takes one from its address pools, which are small. */
  subnet?: string;
  labels: Record<string, string>;
}

export interface Network {
  id: string;
  name: string;
  labels: Record<string, string>;
}

export interface Mount {
  /** A path on the host, or a volume's name. */
  source: string;
  target: string;
  kind: 'bind' | 'volume';
  read_only: boolean;
}

export interface Limits {
  /** In cores. */
  cpus: number | null;
  /** In bytes; swap is not added to it. */
  memory: number | null;
  pids: number | null;
}

export interface ContainerSpec {
  name: string;
  image: string;
  labels: Record<string, string>;
  /** Null leaves the image's own. */
  entrypoint: string[] | null;
  command: string[] | null;
  env: Record<string, string>;
  cwd: string | null;
  user: string | null;
  network: string;
  aliases: string[];
  mounts: Mount[];
  limits: Limits;
  /** A small init as process 1, which reaps what steps leave behind. */
  init: boolean;
  /** job: Docker's default capabilities less NET_RAW, MKNOD, AUDIT_WRITE; app: likewise; both with no-new-privileges. proxy: as the image says. */
  privileges: 'job' | 'app' | 'proxy';
  restart: 'no' | 'unless-stopped';
  publish: { container_port: number; host_port: number; protocol: 'tcp' | 'udp' }[];
  /** Bytes of log that Docker keeps for `docker logs`; null keeps none. */
  log_bytes: number | null;
}

export type DockerErrorCode = 'unreachable' | 'image_missing' | 'conflict' | 'not_found' | 'refused' | 'failed';

/** The Engine's or a registry's no; `failed` and `unreachable` are the host's fault, `image_missing` and `refused` the user's. */
export class DockerError extends CodedError<DockerErrorCode> {
  constructor(code: DockerErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, { ...options, fault: code === 'refused' || code === 'image_missing' ? 'user' : 'host' });
  }
}

/** The user's recipe does not build; the message is what BuildKit says. */
export class BuildError extends CodedError<'build'> {
  constructor(message: string, options?: ErrorOptions) {
    super('build', message, { ...options, fault: 'user' });
  }
}
