/** All of Gantry's keys and channels share a prefix in braces, so that a Redis Cluster keeps them together. */
const PREFIX = '{gantry}';

/** The stream of all events and claims, and the channel that rings for it. */
export const PIPE = `${PREFIX}:pipe`;
export const HEARTBEAT = `${PREFIX}:heartbeat`;

/** The list of messages from control to one worker. */
export const mailboxKey = (worker: string) => `${PREFIX}:mailbox:${worker}`;
/** What readers listen to: `run:<id>`, `log:<attempt>`. */
export const readerChannel = (channel: string) => `${PREFIX}:${channel}`;
