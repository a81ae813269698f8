import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** What is counted, and its names. One registry a process; label values come from short closed lists. */
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
  new Gauge({ name: 'gantry_build_info', help: 'The version that runs.', labelNames: ['version'], registers })
    .labels(version)
    .set(1);
  return {
    registry,
    runs_finished: new Counter({
      name: 'gantry_runs_total',
      help: 'Runs by how they ended.',
      labelNames: ['status'],
      registers,
    }),
    jobs_finished: new Counter({
      name: 'gantry_jobs_total',
      help: 'Jobs by kind and how they ended.',
      labelNames: ['kind', 'status'],
      registers,
    }),
    job_wait: new Histogram({
      name: 'gantry_job_wait_seconds',
      help: 'From queued to granted.',
      labelNames: ['lane'],
      buckets: [0.01, 0.05, 0.25, 1, 5, 30, 120, 600],
      registers,
    }),
    job_duration: new Histogram({
      name: 'gantry_job_duration_seconds',
      help: 'From start to end.',
      labelNames: ['kind'],
      buckets: [0.25, 1, 5, 15, 60, 300, 1200, 3600],
      registers,
    }),
    deliveries: new Counter({
      name: 'gantry_deliveries_total',
      help: 'Webhooks by what the door said.',
      labelNames: ['outcome'],
      registers,
    }),
    deployments: new Counter({
      name: 'gantry_deployments_total',
      help: 'Deployments by how they ended.',
      labelNames: ['status'],
      registers,
    }),
    events_applied: new Counter({
      name: 'gantry_events_total',
      help: 'Events of workers that were applied.',
      labelNames: ['type'],
      registers,
    }),
    workers: new Gauge({ name: 'gantry_workers', help: 'Workers heard of lately.', registers }),
    http: new Histogram({
      name: 'gantry_http_request_duration_seconds',
      help: 'Answers of the API.',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10],
      registers,
    }),
  };
}
