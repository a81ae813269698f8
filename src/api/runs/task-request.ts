import { z } from '@hono/zod-openapi';

const text = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .refine((value) => !value.includes('\0'), 'holds a NUL');

const Variables = z.record(
  z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "not a variable's name: letters, digits and _, not beginning with a digit"),
  z
    .string()
    .max(128 * 1024)
    .refine((value) => !value.includes('\0'), 'holds a NUL'),
);

/** One container job as it is asked for: a script for the image's shell, or the argv of the container's own process. */
export const NewTask = z
  .strictObject({
    image: z
      .string()
      .max(512)
      .regex(/^[A-Za-z0-9][\w./:@-]*$/, "not an image's name"),
    run: text(256 * 1024)
      .optional()
      .describe('A script for sh, or bash where the image has it.'),
    command: z
      .array(
        z
          .string()
          .max(128 * 1024)
          .refine((value) => !value.includes('\0'), 'holds a NUL'),
      )
      .min(1)
      .max(1000)
      .optional(),
    env: Variables.default({}),
    secrets: Variables.default({}).describe('Sealed, masked in the log, never returned.'),
    timeout_minutes: z.number().positive().max(10_080).default(360),
    cpus: z.number().positive().max(1024).optional(),
    memory_mb: z.int().min(6).max(16_777_216).optional(),
  })
  .refine((task) => (task.run === undefined) !== (task.command === undefined), {
    message: 'give either run or command',
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
