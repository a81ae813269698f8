import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A Redis for one test, on a Unix socket in its own folder, without persistence. */
export interface TestRedis {
  url: string;
  /** FLUSHALL: deletes all data and keeps the connections. */
  flush(): Promise<void>;
  /** Sends an inline command and returns the raw reply. */
  command(line: string): Promise<string>;
  /** Kills the process until `start` is called. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Ends the process and removes the folder. */
  end(): Promise<void>;
}

export async function startRedis(): Promise<TestRedis> {
  const dir = await mkdtemp(join(tmpdir(), 'gantry-redis-'));
  const socket = join(dir, 'redis.sock');
  const argv = ['--port', '0', '--unixsocket', socket, '--dir', dir, '--save', '', '--appendonly', 'no'];
  let server: ReturnType<typeof spawn> | null = null;

  async function start() {
    server = spawn('redis-server', [...argv, '--maxmemory-policy', 'noeviction'], { stdio: 'ignore' });
    const failed = once(server, 'error').then(([error]) => Promise.reject(error));
    await Promise.race([untilReady(socket), failed]);
  }
  async function stop() {
    const ending = server;
    server = null;
    if (ending === null || ending.exitCode !== null) return;
    const exited = once(ending, 'exit');
    ending.kill('SIGKILL');
    await exited;
  }
  await start();
  return {
    url: `unix:${socket}`,
    command: (line) => send(socket, line),
    flush: async () => void (await send(socket, 'FLUSHALL')),
    start,
    stop,
    end: async () => {
      await stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function untilReady(socket: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const reply = await send(socket, 'PING').catch(() => '');
    if (reply.startsWith('+PONG')) return;
    if (Date.now() > deadline) throw new Error(`redis-server on ${socket} does not answer`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Sends one inline command over its own connection and reads a bulk reply to its announced length. */
async function send(socket: string, line: string): Promise<string> {
  const connection = createConnection(socket);
  try {
    connection.write(`${line}\r\n`);
    let reply = '';
    for await (const chunk of connection.setEncoding('utf8')) {
      reply += chunk as string;
      if (isWhole(reply)) break;
    }
    return reply;
  } finally {
    connection.destroy();
  }
}

function isWhole(reply: string): boolean {
  const bulk = /^\$(\d+)\r\n/.exec(reply);
  return bulk ? reply.length >= bulk[0].length + Number(bulk[1]) + 2 : reply.endsWith('\r\n');
}
