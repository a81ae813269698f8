import { deployCommand } from './deploy-command.ts';
import { type Proxy, ProxyError } from './proxy.ts';
import { parseServices } from './service-table.ts';

/** Runs a command in the proxy's container. */
export type Exec = (argv: string[]) => Promise<{ exit_code: number; output: string }>;

export function openProxy(exec: Exec): Proxy {
  return {
    async deploy(service) {
      const { exit_code, output } = await exec(deployCommand(service));
      if (exit_code !== 0) throw toProxyError(`deploy ${service.name} to ${service.target}`, output);
    },
    async list() {
      const { exit_code, output } = await exec(['kamal-proxy', 'list']);
      if (exit_code !== 0) throw toProxyError('list services', output);
      return parseServices(output);
    },
    async remove(service) {
      const { exit_code, output } = await exec(['kamal-proxy', 'remove', '--', service]);
      if (exit_code !== 0 && !output.includes('service not found')) throw toProxyError(`remove ${service}`, output);
    },
  };
}

/** kamal-proxy reports errors only as text. */
function toProxyError(action: string, output: string): ProxyError {
  const text = output.trim().replace(/^Error: /, '') || 'it printed no error';
  const code = text.includes('failed to become healthy')
    ? 'unhealthy'
    : text.includes('conflict with another service')
      ? 'conflict'
      : 'failed';
  return new ProxyError(code, `The proxy could not ${action}: ${text}`);
}
