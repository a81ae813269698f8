import { z } from 'zod';

// Releases store their configuration, and later versions of Gantry roll back to it. A property with a default can be absent. Unknown
// properties are ignored.

const HealthCheck = z.object({
  path: z.string().default('/up'),
  interval: z.int().positive().default(1000),
  timeout: z.int().positive().default(30_000),
});

/** How a process of an app is started and reached; durations in milliseconds, memory in bytes. */
export const ProcessConfig = z.object({
  command: z.array(z.string()).nullable().default(null),
  port: z.int().min(1).max(65535),
  hosts: z.array(z.string()).default([]),
  health: HealthCheck.prefault({}),
  stop_grace: z.int().min(0).default(10_000),
  cpus: z.number().positive().nullable().default(null),
  memory: z.int().positive().nullable().default(null),
});
export type ProcessConfig = z.infer<typeof ProcessConfig>;

/** gantry.yml for one environment, with all defaults and overrides applied. `web` is the only process so far. */
export const AppConfig = z.object({
  app: z.string(),
  environment: z.string(),
  env: z.record(z.string(), z.string()).default({}),
  secrets: z.array(z.string()).default([]),
  processes: z.object({ web: ProcessConfig }),
});
export type AppConfig = z.infer<typeof AppConfig>;
