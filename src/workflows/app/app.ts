import { z } from 'zod';
import { Duration, Memory } from './quantity.ts';

const Name = z.string().regex(/^[a-z0-9-]{1,40}$/, 'must be 1 to 40 lower-case letters, digits and hyphens');

const Variable = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be letters, digits and underscores, and must not start with a digit');

const Value = z.union([z.string(), z.number(), z.boolean()], 'must be text, a number, true or false').transform(String);

const Host = z
  .string()
  .max(253)
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/,
    'must be a host name in lower case, without scheme, port or path',
  )
  .refine(
    (host) => !/(^|\.)invalid$/.test(host),
    'must not end in .invalid: Gantry uses these names to check new releases',
  );

const Hosts = z.array(Host).refine((hosts) => new Set(hosts).size === hosts.length, 'must not list a host twice');

const Health = z.strictObject({
  path: z
    .string()
    .regex(/^\/[!-~]*$/, 'must be a path that starts with /')
    .optional(),
  interval: Duration.refine((value) => value > 0, 'must be greater than 0').optional(),
  timeout: Duration.refine((value) => value > 0, 'must be greater than 0').optional(),
});

const Web = z.strictObject({
  command: z.array(z.string()).min(1, 'must not be empty').optional(),
  port: z.int().min(1).max(65535),
  hosts: Hosts.optional(),
  health: Health.optional(),
  stop_grace: Duration.optional(),
  cpus: z.number().min(0.01).max(1024).optional(),
  memory: Memory.optional(),
});

const Env = z.record(Variable, Value);
const Secrets = z.array(Variable);

/** What one environment overrides: `env` and `secrets` extend the app's, everything else replaces it. */
const Override = z.strictObject({
  env: Env.optional(),
  secrets: Secrets.optional(),
  processes: z.strictObject({ web: Web.partial().optional() }).optional(),
});
export type Override = z.infer<typeof Override>;

/** gantry.yml, before defaults and environments are applied; durations in milliseconds, memory in bytes. */
export const AppFile = z.strictObject({
  app: Name,
  env: Env.default({}),
  secrets: Secrets.default([]),
  processes: z.strictObject({ web: Web }),
  /** Null if the file lists no environments: then every name is an environment, without overrides. */
  environments: z.record(Name, Override.nullable()).nullable().default(null),
});
export type AppFile = z.infer<typeof AppFile>;

export const EnvironmentName = Name;
