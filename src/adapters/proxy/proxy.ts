import { CodedError } from '../../error.ts';
/** kamal-proxy in its container, spoken to by `exec(argv)` there. */
export interface Proxy {
  /** Points a service at one target and gates it on health; resolves when `deploy` has (its end includes the drain of what was there before). */
  deploy(service: ServiceSpec): Promise<void>;
  /** What is served: service, hosts and target as `alias:port`. What it names is live, whatever else we believe. */
  list(): Promise<Service[]>;
  /** A service that is not there is no error. */
  remove(service: string): Promise<void>;
}

export interface ServiceSpec {
  name: string;
  /** None means every host that no other service has. */
  hosts: string[];
  /** `alias:port` on the proxy's network. */
  target: string;
  health_path: string;
  /** Milliseconds, at least 1. */
  health_interval: number;
  deploy_timeout: number;
  drain_timeout: number;
}

export interface Service {
  name: string;
  hosts: string[];
  target: string;
  state: string;
}

export type ProxyErrorCode = 'unhealthy' | 'conflict' | 'failed';

/** `unhealthy`: the target did not become healthy in time; `conflict`: another service has the host; `failed`: anything else. */
export class ProxyError extends CodedError<ProxyErrorCode> {
  constructor(code: ProxyErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, { ...options, fault: code === 'failed' ? 'host' : 'user' });
  }
}
