import type { Readable } from 'node:stream';
import { CodedError } from '../../error.ts';

/** One Docker Engine. Everything that is created gets the label `gantry.installation`, and nothing without that label is ever removed. */
export interface Docker {
  /** Throws `DockerError` `unreachable` with advice. */
  version(): Promise<{ version: string; api_version: string; root_dir: string }>;

  /** The local image, or null. `reference` is a name, `name@sha256:...` or an image ID. */
  image(reference: string): Promise<Image | null>;
  /** The image, pulled if it is not local. Throws `DockerError` `image_missing` with the registry's message. */
  pull(reference: string, watch: Watch): Promise<Image>;
  /** Adds a name, `repository:tag`, to an image. */
  tag(image: string, reference: string): Promise<void>;
  /** Removes a name, and the image with its last one; a container in use keeps the last name. A missing name is not an error. */
  untag(reference: string): Promise<void>;
  /** The names of images that match `repository:*`. */
  tags(repository: string): Promise<string[]>;
  /** Throws `DockerError` `refused` with the registry's message. */
  push(reference: string, watch: Watch): Promise<{ digest: string }>;
  /** Builds with BuildKit through the Engine API. Aborting `watch.signal` ends the build on the Engine too. Throws `BuildError` when the Dockerfile fails. */
  build(spec: BuildSpec, watch: BuildWatch): Promise<Image>;

  /** Creates the network unless this installation has it; resolves to its ID. Several processes may call this at the same time. */
  ensureNetwork(spec: NetworkSpec): Promise<string>;
  /** Networks of this installation that carry all these labels. */
  networks(labels: Record<string, string>): Promise<Network[]>;
  /** Removes a network of this installation, once no container uses it. A missing one is not an error. */
  removeNetwork(network: string): Promise<void>;
  /** Creates the volume unless it exists. */
  ensureVolume(name: string): Promise<void>;

  create(spec: ContainerSpec): Promise<string>;
  /** A running container is left as it is. */
  start(container: string): Promise<void>;
  /** Sends SIGTERM (or the image's stop signal), and SIGKILL after `grace` milliseconds. A stopped or missing container is not an error. */
  stop(container: string, grace: number): Promise<void>;
  /** Signals the container's own process. TERM is the image's stop signal if it has one. A container that does not run is not an error. */
  signal(container: string, signal: 'TERM' | 'KILL'): Promise<void>;
  /** Removes it with its anonymous volumes, and waits until it is removed. A missing container is not an error. */
  remove(container: string): Promise<void>;
  /** Pauses its processes while `work` runs. A container that does not run stays as it is. */
  whilePaused<T>(container: string, work: () => Promise<T>): Promise<T>;
  inspect(container: string): Promise<Container | null>;
  /** Containers of this installation that carry all these labels, also those that do not run. */
  containers(labels: Record<string, string>): Promise<Container[]>;
  setRestartPolicy(container: string, policy: 'no' | 'unless-stopped'): Promise<void>;
  connect(container: string, network: string, aliases: string[]): Promise<void>;
  /** The last lines of both streams, oldest first. */
  logs(container: string, lines: number): Promise<string[]>;
  /** Attaches to the container, starts it and resolves when its own process has ended. */
  run(container: string, io: ProcessOutput): Promise<Exit>;
  /** Resolves when the container's own process has ended. */
  wait(container: string, signal: AbortSignal): Promise<Exit>;
  /** Runs another process in a running container. Resolves when it has ended, after at most 2 s more for its output. */
  exec(container: string, spec: ExecSpec, io: ProcessIo): Promise<Exit>;
  /** Like `exec`, but returns the output. For short commands. */
  capture(container: string, argv: string[], user?: string): Promise<{ exit_code: number; output: string }>;
}

export interface Image {
  id: string;
  /** `name@sha256:...` for each registry that has it. */
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
  /** Progress lines. */
  progress(line: string): void;
  signal: AbortSignal;
}

export interface BuildWatch extends Watch {
  /** Output of the Dockerfile's commands. */
  output(stream: 'stdout' | 'stderr', chunk: Buffer): void;
}

export interface BuildSpec {
  /** A tar stream; it is read to its end or destroyed. */
  context: NodeJS.ReadableStream;
  /** The path of the Dockerfile inside the context. */
  dockerfile: string;
  tags: string[];
  labels: Record<string, string>;
  build_args: Record<string, string>;
  target: string | null;
  /** Contents by id, for `RUN --mount=type=secret,id=...`; never part of the image or a cache key. */
  secrets: Record<string, Buffer>;
  no_cache: boolean;
}

export interface NetworkSpec {
  name: string;
  /** Whether its containers can reach each other. */
  open: boolean;
  /** In CIDR notation. By default the Engine takes one from its address pools, which are small. */
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
  /** In bytes, without additional swap. */
  memory: number | null;
  pids: number | null;
}

export interface ContainerSpec {
  name: string;
  image: string;
  labels: Record<string, string>;
  /** Null uses the image's own. */
  entrypoint: string[] | null;
  command: string[] | null;
  env: Record<string, string>;
  cwd: string | null;
  user: string | null;
  network: string;
  aliases: string[];
  mounts: Mount[];
  limits: Limits;
  /** Runs an init as process 1, which reaps orphaned processes. */
  init: boolean;
  /** job and app: Docker's default capabilities without NET_RAW, MKNOD and AUDIT_WRITE, and no-new-privileges. proxy: Docker's defaults. */
  privileges: 'job' | 'app' | 'proxy';
  restart: 'no' | 'unless-stopped';
  publish: { container_port: number; host_port: number; protocol: 'tcp' | 'udp' }[];
  /** Bytes of log that Docker keeps for `docker logs`; null keeps none. */
  log_bytes: number | null;
}

export type DockerErrorCode = 'unreachable' | 'image_missing' | 'conflict' | 'not_found' | 'refused' | 'failed';

/** An error of the Engine or of a registry. `image_missing` and `refused` are the user's fault, all others the host's. */
export class DockerError extends CodedError<DockerErrorCode> {
  constructor(code: DockerErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, { ...options, fault: code === 'refused' || code === 'image_missing' ? 'user' : 'host' });
  }
}

/** The user's Dockerfile does not build; the message is BuildKit's. */
export class BuildError extends CodedError<'build'> {
  constructor(message: string, options?: ErrorOptions) {
    super('build', message, { ...options, fault: 'user' });
  }
}
