/** All of Gantry's keys and channels share a prefix in braces, so that a Redis Cluster keeps them together. */
const PREFIX = '{gantry}';

/** The stream of all events and claims, and the channel that rings for it. */
export const PIPE = `${PREFIX}:pipe`;
export const HEARTBEAT = `${PREFIX}:heartbeat`;

export const grantKey = (attempt: string) => `${PREFIX}:grant:${attempt}`;
export const answerKey = (attempt: string, seq: number) => `${PREFIX}:answer:${attempt}:${seq}`;
export const stopRequestKey = (attempt: string) => `${PREFIX}:stop:${attempt}`;
export const workerChannel = (worker: string) => `${PREFIX}:to:${worker}`;
/** What readers listen to: `run:<id>`, `log:<attempt>`. */
export const readerChannel = (channel: string) => `${PREFIX}:${channel}`;
