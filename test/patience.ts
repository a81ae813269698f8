import { vi } from 'vitest';

/** What is waited for is an event, not a time: a busy machine gets longer than the second that is vitest's own default. */
const PATIENCE = 10_000;

const waitFor = vi.waitFor.bind(vi);
vi.waitFor = (callback, options = {}) =>
  waitFor(callback, typeof options === 'number' ? options : { timeout: PATIENCE, ...options });
