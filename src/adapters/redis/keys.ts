/** The prefix of all keys and channels, including BullMQ's. In braces, so that a Redis Cluster keeps them in one slot. */
export const PREFIX = '{gantry}';

/** The stream of all messages from workers to control, and the channel that wakes its reader. */
export const PIPE = `${PREFIX}:pipe`;
export const HEARTBEAT = `${PREFIX}:heartbeat`;

/** The list of messages from control to one worker. */
export const mailboxKey = (worker: string) => `${PREFIX}:mailbox:${worker}`;
/** The channel that wakes the readers of `run:<id>` or `log:<attempt>`. */
export const readerChannel = (channel: string) => `${PREFIX}:${channel}`;
