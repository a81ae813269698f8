import { ProxyError, type ServiceSpec } from './proxy.ts';

/** Sets every option, because kamal-proxy keeps no options of the previous deployment. */
export function deployCommand(service: ServiceSpec): string[] {
  validate(service);
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

/** An interval of 0 would crash kamal-proxy, which serves every app. It would split a host with a comma in two. */
function validate(service: ServiceSpec): void {
  const { name, hosts, health_interval, deploy_timeout, drain_timeout } = service;
  const invalid =
    hosts.find((host) => !/^[\w*.-]+$/.test(host)) ??
    (Number.isInteger(health_interval) && health_interval > 0
      ? undefined
      : `a health interval of ${health_interval} ms`) ??
    [deploy_timeout, drain_timeout].find((time) => !Number.isInteger(time) || time < 0);
  if (invalid !== undefined)
    throw new ProxyError('failed', `Cannot deploy ${name} to the proxy: invalid value: ${invalid}`);
}
