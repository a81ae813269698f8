import { ProxyError, type ServiceSpec } from './proxy.ts';

/** All options each time, for a deployment replaces those of the one before. */
export function deployCommand(service: ServiceSpec): string[] {
  check(service);
  return [
    'kamal-proxy',
    'deploy',
    `--target=${service.target}`,
    ...service.hosts.map((host) => `--host=${host}`),
    `--health-check-path=${service.health_path}`,
    `--health-check-interval=${service.health_interval}ms`,
    `--deploy-timeout=${service.deploy_timeout}ms`,
    `--drain-timeout=${service.drain_timeout}ms`,
    '--',
    service.name,
  ];
}

/** An interval of 0 ends kamal-proxy itself, and with it every app; a host is read as a list, so a comma in it would make two. */
function check(service: ServiceSpec): void {
  const { name, hosts, health_interval, deploy_timeout, drain_timeout } = service;
  const wrong =
    hosts.find((host) => !/^[\w*.-]+$/.test(host)) ??
    (Number.isInteger(health_interval) && health_interval > 0
      ? undefined
      : `a health interval of ${health_interval} ms`) ??
    [deploy_timeout, drain_timeout].find((time) => !Number.isInteger(time) || time < 0);
  if (wrong !== undefined) throw new ProxyError('failed', `The proxy cannot deploy ${name}: it does not take ${wrong}`);
}
