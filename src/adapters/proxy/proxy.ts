import { CodedError } from '../../error.ts';

/** kamal-proxy, controlled by commands in its container. Every method throws `ProxyError`. */
export interface Proxy {
  /** Switches a service to a target once that is healthy. Resolves after the previous target has been drained. */
  deploy(service: ServiceSpec): Promise<void>;
  /** The services that the proxy serves: this is what is live. */
  list(): Promise<Service[]>;
  /** Removing a missing service is no error. */
  remove(service: string): Promise<void>;
}

export interface ServiceSpec {
  name: string;
  /** Empty: all hosts that no other service has. */
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
