import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** A free port below the range for outgoing connections, so that it is still free after a restart. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    const server = createServer();
    const taken = once(server, 'error').then(() => true);
    const free = once(server, 'listening').then(() => false);
    server.listen({ port, host: '0.0.0.0', exclusive: true });
    if (await Promise.race([taken, free])) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
