import { z } from 'zod';

/** Largest JSON text that is read as a whole, in bytes; webhooks have at most 25 MB. */
export const JSON_LIMIT = 64 * 1024 * 1024;

/** Any JSON value: a matrix, a context or the value of an expression. */
export const Json = z.json();
export type Json = z.infer<typeof Json>;

export const JsonObject = z.record(z.string(), Json);
export type JsonObject = z.infer<typeof JsonObject>;
