import { vi } from 'vitest';

/** Milliseconds. Vitest's default of one second is too short on a busy machine. */
const TIMEOUT = 10_000;

const waitFor = vi.waitFor.bind(vi);
vi.waitFor = (callback, options = {}) =>
  waitFor(callback, typeof options === 'number' ? options : { timeout: TIMEOUT, ...options });
