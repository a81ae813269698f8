import { createServer } from 'node:http';
import { greet } from './greet.js';

const server = createServer((request, response) => {
  if (request.url === '/up') return response.end('up\n');
  response.end(`${greet(process.env.GREETING)}\n`);
});

server.listen(3000);
// Finishes the requests in progress, then exits.
process.on('SIGTERM', () => server.close(() => process.exit()));
