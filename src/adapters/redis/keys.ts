/** All of Gantry's keys and channels, BullMQ's too, share a prefix in braces, so that a Redis Cluster keeps them in one slot. */
export const PREFIX = '{gantry}';

/** The stream of all events and claims, and the channel that wakes its reader. */
export const PIPE = `${PREFIX}:pipe`;
export const HEARTBEAT = `${PREFIX}:heartbeat`;

/** The list of messages from control to one worker. */
export const mailboxKey = (worker: string) => `${PREFIX}:mailbox:${worker}`;
/** For readers: `run:<id>`, `log:<attempt>`. */
export const readerChannel = (channel: string) => `${PREFIX}:${channel}`;
