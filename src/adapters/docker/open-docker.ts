import { build } from './build/build.ts';
import * as container from './containers/container.ts';
import { capture, exec } from './containers/exec.ts';
import * as process from './containers/process.ts';
import type { Docker } from './docker.ts';
import { connection, type Engine } from './engine/connection.ts';
import { awaitCall } from './engine/failure.ts';
import * as image from './images/image.ts';
import { pull, push } from './images/transfer.ts';
import * as network from './network.ts';

/** Connects on first use. `host` is the value of DOCKER_HOST; null is the default socket. */
export function openDocker(options: { host: string | null; installation: string }): Docker {
  const connect = connection(options.host, options.installation);

  function verb<A extends unknown[], R>(perform: (engine: Engine, ...args: A) => Promise<R>) {
    return async (...args: A): Promise<R> => perform(await connect(), ...args);
  }

  return {
    version: verb(version),
    image: verb(image.image),
    pull: verb(pull),
    tag: verb(image.tag),
    untag: verb(image.untag),
    tags: verb(image.tags),
    push: verb(push),
    build: (spec, watch) => build(connect, spec, watch),
    ensureNetwork: verb(network.ensureNetwork),
    networks: verb(network.networks),
    removeNetwork: verb(network.removeNetwork),
    ensureVolume: verb(network.ensureVolume),
    create: verb(container.create),
    start: verb(container.start),
    stop: verb(container.stop),
    signal: verb(container.signal),
    remove: verb(container.remove),
    whilePaused: async (id, work) => container.whilePaused(await connect(), id, work),
    inspect: verb(container.inspect),
    containers: verb(container.containers),
    setRestartPolicy: verb(container.setRestartPolicy),
    connect: verb(network.connect),
    logs: verb(process.logs),
    run: verb(process.run),
    wait: verb(process.wait),
    exec: verb(exec),
    capture: verb(capture),
  };
}

async function version(engine: Engine) {
  const info: { DockerRootDir: string } = await awaitCall(
    'get information about the Docker Engine',
    engine.calls.info(),
  );
  return { ...engine.version, root_dir: info.DockerRootDir };
}
