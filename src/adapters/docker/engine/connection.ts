import Dockerode from 'dockerode';
import { DockerError } from '../docker.ts';
import { awaitCall } from './failure.ts';

/** A connection to the Docker Engine. */
export interface Engine {
  installation: string;
  version: EngineVersion;
  /** For short calls: an Engine that sends nothing for two minutes counts as unreachable. */
  calls: Dockerode;
  /** For streams and long waits, which may be silent for hours. */
  streams: Dockerode;
}

interface EngineVersion {
  version: string;
  api_version: string;
}

export type Address = { socketPath: string } | { host: string; port: number };

/** Connects on first use, and again after a failure. */
export function connection(host: string | null, installation: string): () => Promise<Engine> {
  let engine: Promise<Engine> | null = null;
  return () => {
    engine ??= connect(host, installation).catch((error: unknown) => {
      engine = null;
      throw error;
    });
    return engine;
  };
}

/** Parses `DOCKER_HOST` as Docker's own tools do, for sockets and plain TCP. */
export function engineAddress(host: string | null): Address {
  if (host === null || host === 'unix://') return { socketPath: '/var/run/docker.sock' };
  if (host.startsWith('unix://')) return { socketPath: host.slice('unix://'.length) };
  const url = host.startsWith('tcp://') && URL.canParse(host) ? new URL(host) : null;
  if (url === null || url.hostname === '')
    throw new DockerError(
      'unreachable',
      `Invalid DOCKER_HOST ${host}: use unix:///path/of/docker.sock or tcp://host:2375`,
    );
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || 2375) };
}

/** This code is written for API 1.41. With an Engine that no longer supports it, the oldest version that it does support is used. */
export function negotiate(newest: string, oldest: string): string {
  if (compare(newest, API_VERSION) < 0)
    throw new DockerError(
      'failed',
      `The Docker Engine supports API ${newest}, but ${API_VERSION} is required: use Docker Engine 20.10 or newer`,
    );
  return compare(oldest, API_VERSION) > 0 ? oldest : API_VERSION;
}

const API_VERSION = '1.41';
const SILENCE_TIMEOUT = 120_000;

async function connect(host: string | null, installation: string): Promise<Engine> {
  const address = engineAddress(host);
  const found = await awaitCall('reach the Docker Engine', client(address, undefined, 10_000).version());
  const api_version = negotiate(found.ApiVersion, found.MinAPIVersion);
  return {
    installation,
    version: { version: found.Version, api_version },
    calls: client(address, api_version, SILENCE_TIMEOUT),
    streams: client(address, api_version, undefined),
  };
}

function client(address: Address, version: string | undefined, timeout: number | undefined): Dockerode {
  return new Dockerode({
    // dockerode reads missing options from the environment, so all are given.
    protocol: 'http',
    host: '',
    ...address,
    ...(version === undefined ? {} : { version: `v${version}` }),
    ...(timeout === undefined ? {} : { timeout }),
  });
}

function compare(a: string, b: string): number {
  const [major = 0, minor = 0] = a.split('.').map(Number);
  const [otherMajor = 0, otherMinor = 0] = b.split('.').map(Number);
  return major - otherMajor || minor - otherMinor;
}
