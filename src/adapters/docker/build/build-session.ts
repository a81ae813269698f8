import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import {
  Server,
  ServerCredentials,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import type { Engine } from '../engine/connection.ts';
import { dialSocket } from '../engine/dial.ts';
import { awaitCall } from '../engine/failure.ts';

/** The connection over which BuildKit requests secrets during a build. It also requests registry credentials, and gets empty ones. */
export interface BuildSession {
  id: string;
  close(): void;
}

export async function openSession(engine: Engine, secrets: Record<string, Buffer>): Promise<BuildSession> {
  const id = randomUUID();
  const headers = {
    Upgrade: 'h2c',
    'X-Docker-Expose-Session-Uuid': id,
    'X-Docker-Expose-Session-Name': 'gantry',
    'X-Docker-Expose-Session-Grpc-Method': Object.values(definition).map((method) => method.path),
  };
  const socket = await awaitCall(
    'open a build session',
    dialSocket(engine, { method: 'POST', path: '/session', headers }),
  );
  // An error of the session also fails the build, which reports it.
  socket.on('error', () => {});
  const server = new Server();
  server.addService(definition, answers(secrets));
  server.createConnectionInjector(ServerCredentials.createInsecure()).injectConnection(socket);
  // Node's HTTP/2 reads data that has already arrived a tick later, and throws outside any handler if the socket is closed by then.
  await setImmediate();
  return {
    id,
    close() {
      server.forceShutdown();
      socket.destroy();
    },
  };
}

type Reply = (error: { code: status; details: string } | null, value?: object) => void;

function answers(secrets: Record<string, Buffer>): UntypedServiceImplementation {
  return {
    GetSecret({ request }: { request: { ID: string } }, reply: Reply) {
      const data = Object.hasOwn(secrets, request.ID) ? secrets[request.ID] : undefined;
      if (data) reply(null, { data });
      else reply({ code: status.NOT_FOUND, details: `secret ${request.ID} not found` });
    },
    Credentials(_call: unknown, reply: Reply) {
      reply(null, {});
    },
    Check(_call: unknown, reply: Reply) {
      reply(null, { status: SERVING });
    },
  };
}

const SERVING = 1;

/** The used fields of moby/buildkit's session/secrets, session/auth and of grpc.health.v1. */
const types = protobuf.parse(
  `
    syntax = "proto3";
    message GetSecretRequest { string ID = 1; }
    message GetSecretResponse { bytes data = 1; }
    message CredentialsRequest { string Host = 1; }
    message CredentialsResponse { string Username = 1; string Secret = 2; }
    message CheckRequest { string service = 1; }
    message CheckResponse { int32 status = 1; }
  `,
  { keepCase: true },
).root;

const definition = {
  GetSecret: method('/moby.buildkit.secrets.v1.Secrets/GetSecret'),
  Credentials: method('/moby.filesync.v1.Auth/Credentials'),
  Check: method('/grpc.health.v1.Health/Check'),
} satisfies ServiceDefinition;

function method(path: string) {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const Request = types.lookupType(`${name}Request`);
  const Response = types.lookupType(`${name}Response`);
  return {
    path,
    requestStream: false as const,
    responseStream: false as const,
    requestSerialize: (value: object) => Buffer.from(Request.encode(value).finish()),
    requestDeserialize: (bytes: Buffer): object => Request.decode(bytes),
    responseSerialize: (value: object) => Buffer.from(Response.encode(value).finish()),
    responseDeserialize: (bytes: Buffer): object => Response.decode(bytes),
  };
}
