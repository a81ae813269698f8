import { WorkerMessage } from '../../jobs/protocol/message.ts';
import type { WorkerBus } from './bus.ts';
import { openCommands } from './connection.ts';
import { answerKey, grantKey, HEARTBEAT, PIPE, readerChannel, stopRequestKey, workerChannel } from './keys.ts';
import { openListener } from './listener.ts';

export function openWorkerBus(url: string): WorkerBus {
  const commands = openCommands(url);
  const listener = openListener(url);

  return {
    send: (message) =>
      commands.write((writes) =>
        writes.xadd(PIPE, '*', 'message', JSON.stringify(message)).publish(PIPE, message.kind),
      ),
    heartbeat: (heartbeat) => commands.write((writes) => writes.publish(HEARTBEAT, JSON.stringify(heartbeat))),
    takeGrant: (attempt) => commands.read((redis) => redis.getdel(grantKey(attempt))),
    takeAnswer: (attempt, seq) => commands.read((redis) => redis.getdel(answerKey(attempt, seq))),
    stopRequest: (attempt) => commands.read((redis) => redis.get(stopRequestKey(attempt))),
    listen: (worker, handle) =>
      listener.listen(workerChannel(worker), (text) => {
        const message = parse(text);
        if (message !== null) handle(message);
      }),
    wake: (channel, text) => commands.write((writes) => writes.publish(readerChannel(channel), text)),
    close: async () => {
      listener.close();
      commands.close();
    },
  };
}

/** Null for what a newer control may say to newer workers. */
function parse(text: string): WorkerMessage | null {
  try {
    return WorkerMessage.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
