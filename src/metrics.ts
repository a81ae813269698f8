import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** The metrics of one process. Label values come from short closed lists. */
export interface Metrics {
  registry: Registry;
  runs_finished: Counter<'status'>;
  jobs_finished: Counter<'kind' | 'status'>;
  job_wait: Histogram<'lane'>;
  job_duration: Histogram<'kind'>;
  deliveries: Counter<'outcome'>;
  deployments: Counter<'status'>;
  events_applied: Counter<'type'>;
  workers: Gauge;
  http: Histogram<'method' | 'route' | 'status'>;
}

export function openMetrics(version: string): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  new Gauge({ name: 'gantry_build_info', help: 'The running version.', labelNames: ['version'], registers })
    .labels(version)
    .set(1);
  return {
    registry,
    runs_finished: new Counter({
      name: 'gantry_runs_total',
      help: 'Runs that ended, by status.',
      labelNames: ['status'],
      registers,
    }),
    jobs_finished: new Counter({
      name: 'gantry_jobs_total',
      help: 'Jobs that ended, by kind and status.',
      labelNames: ['kind', 'status'],
      registers,
    }),
    job_wait: new Histogram({
      name: 'gantry_job_wait_seconds',
      help: 'Time that jobs were queued before a worker started them.',
      labelNames: ['lane'],
      buckets: [0.01, 0.05, 0.25, 1, 5, 30, 120, 600],
      registers,
    }),
    job_duration: new Histogram({
      name: 'gantry_job_duration_seconds',
      help: 'Duration of jobs from their first start to their end.',
      labelNames: ['kind'],
      buckets: [0.25, 1, 5, 15, 60, 300, 1200, 3600],
      registers,
    }),
    deliveries: new Counter({
      name: 'gantry_deliveries_total',
      help: 'Webhook deliveries, by outcome.',
      labelNames: ['outcome'],
      registers,
    }),
    deployments: new Counter({
      name: 'gantry_deployments_total',
      help: 'Deployments that ended, by status.',
      labelNames: ['status'],
      registers,
    }),
    events_applied: new Counter({
      name: 'gantry_events_total',
      help: 'Events from workers that were applied, by type.',
      labelNames: ['type'],
      registers,
    }),
    workers: new Gauge({ name: 'gantry_workers', help: 'Connected workers.', registers }),
    http: new Histogram({
      name: 'gantry_http_request_duration_seconds',
      help: 'Duration of HTTP requests until the first byte of the response.',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10],
      registers,
    }),
  };
}
