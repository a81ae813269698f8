import { openCommands } from '../connection.ts';
import { HEARTBEAT, PIPE, readerChannel } from '../keys.ts';
import type { WorkerBus } from './bus.ts';
import { readMailbox } from './mailbox.ts';

export function openWorkerBus(url: string): WorkerBus {
  const commands = openCommands(url);
  const blocking = openCommands(url);
  const closed = new AbortController();

  return {
    send: (message) =>
      commands.write((writes) =>
        writes.xadd(PIPE, '*', 'message', JSON.stringify(message)).publish(PIPE, message.kind),
      ),
    heartbeat: (heartbeat) => commands.write((writes) => writes.publish(HEARTBEAT, JSON.stringify(heartbeat))),
    receive: (worker, handle) => void readMailbox(blocking, worker, handle, closed.signal),
    wake: (channel, text) => commands.write((writes) => writes.publish(readerChannel(channel), text)),
    close: async () => {
      closed.abort();
      blocking.close();
      commands.close();
    },
  };
}
