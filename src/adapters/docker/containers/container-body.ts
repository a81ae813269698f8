import type { ContainerCreateOptions, HostConfig } from 'dockerode';
import type { ContainerSpec, Limits } from '../docker.ts';
import { envPairs } from './env-pairs.ts';

/** The body of the Engine's create request. `inherited` are the image's labels. */
export function containerBody(
  spec: ContainerSpec,
  installation: string,
  inherited: Record<string, string> = {},
): ContainerCreateOptions {
  return {
    name: spec.name,
    Image: spec.image,
    Labels: { ...blanked(inherited), ...spec.labels, 'gantry.installation': installation },
    Env: envPairs(spec.env),
    ...(spec.entrypoint === null ? {} : { Entrypoint: spec.entrypoint }),
    ...(spec.command === null ? {} : { Cmd: spec.command }),
    ...(spec.cwd === null ? {} : { WorkingDir: spec.cwd }),
    ...(spec.user === null ? {} : { User: spec.user }),
    ExposedPorts: Object.fromEntries(spec.publish.map((port) => [`${port.container_port}/${port.protocol}`, {}])),
    HostConfig: hostConfig(spec),
    ...(spec.aliases.length === 0
      ? {}
      : { NetworkingConfig: { EndpointsConfig: { [spec.network]: { Aliases: spec.aliases } } } }),
  };
}

/** A container inherits its image's labels. Those with Gantry's prefix would make it look like another job's or app's, so they are blanked. */
function blanked(labels: Record<string, string>): Record<string, string> {
  const names = Object.keys(labels).filter((name) => name.startsWith('gantry.'));
  return Object.fromEntries(names.map((name) => [name, '']));
}

function hostConfig(spec: ContainerSpec): HostConfig {
  return {
    NetworkMode: spec.network,
    Mounts: spec.mounts.map((mount) => ({
      Type: mount.kind,
      Source: mount.source,
      Target: mount.target,
      ReadOnly: mount.read_only,
    })),
    ...limits(spec.limits),
    Init: spec.init,
    ...privileges(spec.privileges),
    RestartPolicy: { Name: spec.restart },
    PortBindings: Object.fromEntries(
      spec.publish.map((port) => [`${port.container_port}/${port.protocol}`, [{ HostPort: String(port.host_port) }]]),
    ),
    LogConfig: logConfig(spec.log_bytes),
  };
}

function limits({ cpus, memory, pids }: Limits): HostConfig {
  return {
    ...(cpus === null ? {} : { NanoCpus: Math.round(cpus * 1e9) }),
    // MemorySwap is memory and swap together: an equal value allows no swap.
    ...(memory === null ? {} : { Memory: memory, MemorySwap: memory }),
    ...(pids === null ? {} : { PidsLimit: pids }),
  };
}

function privileges(who: ContainerSpec['privileges']): HostConfig {
  if (who === 'proxy') return {};
  return { CapDrop: ['NET_RAW', 'MKNOD', 'AUDIT_WRITE'], SecurityOpt: ['no-new-privileges'] };
}

/** Two files in rotation: when a single file is full, the Engine drops all of it. */
function logConfig(bytes: number | null): HostConfig['LogConfig'] {
  if (bytes === null) return { Type: 'none', Config: {} };
  return { Type: 'local', Config: { 'max-size': String(Math.ceil(bytes / 2)), 'max-file': '2', compress: 'false' } };
}
