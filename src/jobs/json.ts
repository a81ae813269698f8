import { z } from 'zod';

/** Anything that JSON can say: what a matrix, a context or an expression's value is made of. */
export const Json = z.json();
export type Json = z.infer<typeof Json>;

export const JsonObject = z.record(z.string(), Json);
export type JsonObject = z.infer<typeof JsonObject>;
