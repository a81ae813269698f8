import { z } from 'zod';

/** How a process of an app is run and reached; durations in milliseconds, memory in bytes. */
export const ProcessConfig = z.object({
  command: z.array(z.string()).nullable(),
  port: z.int().min(1).max(65535),
  hosts: z.array(z.string()),
  health: z.object({ path: z.string(), interval: z.int().positive(), timeout: z.int().positive() }),
  stop_grace: z.int().min(0),
  cpus: z.number().positive().nullable(),
  memory: z.int().positive().nullable(),
});
export type ProcessConfig = z.infer<typeof ProcessConfig>;

/** What gantry.yml says of an app in one environment, all defaults and overrides applied. One process, `web`, so far. */
export const AppConfig = z.object({
  app: z.string(),
  environment: z.string(),
  env: z.record(z.string(), z.string()),
  secrets: z.array(z.string()),
  processes: z.object({ web: ProcessConfig }),
});
export type AppConfig = z.infer<typeof AppConfig>;
