import Dockerode from 'dockerode';
import { DockerError } from '../docker.ts';
import { asked } from './failure.ts';

/** What every verb works with. */
export interface Engine {
  installation: string;
  version: EngineVersion;
  /** For calls that answer at once: an Engine that stays silent for two minutes counts as unreachable. */
  calls: Dockerode;
  /** For streams and long waits, which may be silent for hours. */
  streams: Dockerode;
}

interface EngineVersion {
  version: string;
  api_version: string;
}

export type Address = { socketPath: string } | { host: string; port: number };

/** Connects on first use, and again after a failure; the version spoken is settled once. */
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

/** `DOCKER_HOST` as the Engine's own tools read it, for sockets and plain TCP. */
export function engineAddress(host: string | null): Address {
  if (host === null || host === 'unix://') return { socketPath: '/var/run/docker.sock' };
  if (host.startsWith('unix://')) return { socketPath: host.slice('unix://'.length) };
  const url = host.startsWith('tcp://') && URL.canParse(host) ? new URL(host) : null;
  if (url === null || url.hostname === '')
    throw new DockerError('unreachable', `DOCKER_HOST is ${host}: give unix:///path/of/docker.sock or tcp://host:2375`);
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || 2375) };
}

/** 1.41 is what this code was written for; a newer Engine that no longer speaks it gets the oldest it does speak. */
export function negotiate(newest: string, oldest: string): string {
  if (compare(newest, WRITTEN_FOR) < 0)
    throw new DockerError(
      'failed',
      `The Docker Engine speaks API ${newest}; ${WRITTEN_FOR} is needed, which Docker Engine 20.10 and newer have`,
    );
  return compare(oldest, WRITTEN_FOR) > 0 ? oldest : WRITTEN_FOR;
}

const WRITTEN_FOR = '1.41';
const SILENCE = 120_000;

async function connect(host: string | null, installation: string): Promise<Engine> {
  const address = engineAddress(host);
  const found = await asked('reach the Docker Engine', client(address, undefined, 10_000).version());
  const api_version = negotiate(found.ApiVersion, found.MinAPIVersion);
  return {
    installation,
    version: { version: found.Version, api_version },
    calls: client(address, api_version, SILENCE),
    streams: client(address, api_version, undefined),
  };
}

function client(address: Address, version: string | undefined, timeout: number | undefined): Dockerode {
  return new Dockerode({
    // Stated in full, for what is left out is read from the environment.
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
