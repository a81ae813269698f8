import type { Redis } from 'ioredis';
import { Heartbeat, type WorkerMessage } from '../../jobs/protocol/message.ts';
import { openWakeup } from '../../wakeup.ts';
import type { ControlBus } from './bus.ts';
import { openCommands } from './connection.ts';
import { answerKey, grantKey, HEARTBEAT, PIPE, readerChannel, stopRequestKey, workerChannel } from './keys.ts';
import { openListener } from './listener.ts';
import { readPipe } from './pipe.ts';

const SEALED_SECONDS = 60;
/** Longer than two sweeps are apart: the stop request stays until its attempt has ended. */
const STOP_REQUEST_SECONDS = 3600;

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
    grant: (worker, attempt, sealed) => put(worker, grantKey(attempt), sealed, { kind: 'granted', attempt }),
    answer: (worker, attempt, seq, sealed) =>
      put(worker, answerKey(attempt, seq), sealed, { kind: 'answered', attempt, seq }),
    tell: (worker, message) => commands.write((writes) => writes.publish(...told(worker, message))),
    requestStop: (worker, attempt, request) =>
      commands.write((writes) => {
        writes.set(stopRequestKey(attempt), request, 'EX', STOP_REQUEST_SECONDS);
        if (worker !== null) writes.publish(...told(worker, { kind: 'stop', attempt }));
      }),
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

  function put(worker: string, key: string, sealed: string, message: WorkerMessage): Promise<void> {
    return commands.write((writes) => writes.set(key, sealed, 'EX', SEALED_SECONDS).publish(...told(worker, message)));
  }
}

function told(worker: string, message: WorkerMessage): [string, string] {
  return [workerChannel(worker), JSON.stringify(message)];
}

/** When this connection became ready, or null while it is not. */
function readySince(redis: Redis): () => number | null {
  let since: number | null = null;
  redis.on('ready', () => {
    since = Date.now();
  });
  redis.on('close', () => {
    since = null;
  });
  return () => since;
}

function parseHeartbeat(text: string): Heartbeat | null {
  try {
    return Heartbeat.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
