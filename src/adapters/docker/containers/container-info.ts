import type { ContainerInspectInfo } from 'dockerode';
import { z } from 'zod';
import type { Container } from '../docker.ts';

const State = z.enum(['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead']);

/** The used parts of the Engine's answer. */
export interface ContainerAnswer {
  Id: string;
  Name: string;
  Image: string;
  Config: { Labels: Record<string, string> | null };
  State: Pick<ContainerInspectInfo['State'], 'Status' | 'ExitCode' | 'OOMKilled'>;
  NetworkSettings: {
    Networks: Record<string, { IPAddress: string }> | null;
    Ports: Record<string, { HostPort: string }[] | null> | null;
  };
}

export function toContainer(answer: ContainerAnswer): Container {
  const { Networks, Ports } = answer.NetworkSettings;
  return {
    id: answer.Id,
    name: answer.Name.replace(/^\//, ''),
    image_id: answer.Image,
    labels: answer.Config.Labels ?? {},
    state: State.parse(answer.State.Status),
    exit_code: answer.State.ExitCode,
    oom_killed: answer.State.OOMKilled,
    addresses: Object.fromEntries(
      Object.entries(Networks ?? {}).flatMap(([name, { IPAddress }]) => (IPAddress ? [[name, IPAddress]] : [])),
    ),
    published: published(Ports ?? {}),
  };
}

/** The Engine lists each pair for IPv4 and for IPv6. */
function published(ports: Record<string, { HostPort: string }[] | null>): Container['published'] {
  return Object.entries(ports).flatMap(([port, bindings]) =>
    [...new Set((bindings ?? []).map((binding) => Number(binding.HostPort)))].map((host_port) => ({
      container_port: Number.parseInt(port, 10),
      host_port,
    })),
  );
}
