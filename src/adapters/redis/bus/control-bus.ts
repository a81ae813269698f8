import type { Redis } from 'ioredis';
import { Heartbeat } from '../../../jobs/protocol/message.ts';
import { openWakeup } from '../../../wakeup.ts';
import { openCommands } from '../connection.ts';
import { HEARTBEAT, PIPE, readerChannel } from '../keys.ts';
import type { ControlBus } from './bus.ts';
import { openListener } from './listener.ts';
import { sendMessage } from './mailbox.ts';
import { readPipe } from './pipe.ts';

export function openControlBus(url: string): ControlBus {
  const commands = openCommands(url);
  const listener = openListener(url);
  const connections = [readySince(commands.redis), readySince(listener.redis)];
  const wakeup = openWakeup();

  return {
    readPipe: async (handle, signal) => {
      void listener.listen(PIPE, wakeup.wake);
      await readPipe(commands, wakeup, handle, signal).finally(() => listener.unlisten(PIPE, wakeup.wake));
    },
    onHeartbeat: (handle) =>
      listener.listen(HEARTBEAT, (text) => {
        const heartbeat = parseHeartbeat(text);
        if (heartbeat !== null) handle(heartbeat);
      }),
    send: (worker, message) => sendMessage(commands, worker, message),
    wake: (channel, text) => commands.write((writes) => writes.publish(readerChannel(channel), text)),
    up: () => {
      const since = connections.map((read) => read()).filter((at) => at !== null);
      return since.length < connections.length ? null : { since: Math.max(...since) };
    },
    close: async () => {
      listener.close();
      commands.close();
    },
  };
}

/** Returns when this connection became ready, or null while it is not. */
function readySince(redis: Redis): () => number | null {
  let since: number | null = null;
  redis.on('ready', () => {
    since = performance.now();
  });
  redis.on('close', () => {
    since = null;
  });
  return () => since;
}

/** Null for a heartbeat of an incompatible version. */
function parseHeartbeat(text: string): Heartbeat | null {
  try {
    return Heartbeat.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
