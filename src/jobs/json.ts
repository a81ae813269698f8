import { z } from 'zod';

/** Any JSON value: a matrix, a context or the value of an expression. */
export const Json = z.json();
export type Json = z.infer<typeof Json>;

export const JsonObject = z.record(z.string(), Json);
export type JsonObject = z.infer<typeof JsonObject>;
