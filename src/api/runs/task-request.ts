import { z } from '@hono/zod-openapi';

const Text = z.string().refine((value) => !value.includes('\0'), 'must not contain a NUL character');
const Argument = Text.max(128 * 1024);

const Variables = z.record(
  z
    .string()
    .regex(
      /^[A-Za-z_][A-Za-z0-9_]*$/,
      'invalid variable name: use letters, digits and _, and do not start with a digit',
    ),
  Argument,
);

/** A single-container job: a script for the image's shell, or the argv of the container's main process. */
export const NewTask = z
  .strictObject({
    image: z
      .string()
      .max(512)
      .regex(/^[A-Za-z0-9][\w./:@-]*$/, 'invalid image name'),
    run: Text.min(1)
      .max(256 * 1024)
      .optional()
      .describe('A shell script; it runs in bash if the image has it, else in sh.'),
    command: z.array(Argument).min(1).max(1000).optional(),
    env: Variables.default({}),
    secrets: Variables.default({}).describe(
      'Environment variables that are encrypted at rest, masked in the log and never returned.',
    ),
    timeout_minutes: z.number().positive().max(10_080).default(360),
    cpus: z.number().positive().max(1024).optional(),
    memory_mb: z.int().min(6).max(16_777_216).optional(),
  })
  .refine((task) => (task.run === undefined) !== (task.command === undefined), {
    message: 'set either `run` or `command`',
    path: ['run'],
  })
  .transform(({ run = null, command = null, cpus = null, memory_mb = null, ...rest }) => ({
    ...rest,
    run,
    command,
    cpus,
    memory_mb,
  }))
  .openapi('NewTask');
