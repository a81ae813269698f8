import { createServer } from 'node:http';
import { greet } from './greet.js';

const server = createServer((request, response) => {
  if (request.url === '/up') return response.end('up\n');
  response.end(`${greet(process.env.GREETING)}\n`);
});

server.listen(3000);
// Requests on their way are answered; what is idle is let go.
process.on('SIGTERM', () => server.close(() => process.exit()));
