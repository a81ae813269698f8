import { CodedError } from '../../error.ts';

/** kamal-proxy, controlled by commands in its container. Every method throws `ProxyError`. */
export interface Proxy {
  /** Switches a service to a target as soon as the target is healthy. Resolves after the previous target was drained. */
  deploy(service: ServiceSpec): Promise<void>;
  /** The services that the proxy serves. A release is live when its service is in this list. */
  list(): Promise<Service[]>;
  /** Removing a missing service is not an error. */
  remove(service: string): Promise<void>;
}

export interface ServiceSpec {
  name: string;
  /** An empty list stands for all hosts that no other service has. */
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
