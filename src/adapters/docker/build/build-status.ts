import protobuf from 'protobufjs';
import { z } from 'zod';

/** Milliseconds since 1970; null when it has not happened yet. */
const Time = z
  .object({ seconds: z.number(), nanos: z.number() })
  .nullable()
  .transform((time) => time && time.seconds * 1000 + Math.round(time.nanos / 1e6));

/** One status report of BuildKit: steps of the build (vertexes) with their state, transfers, and output of commands. */
export const BuildStatus = z.object({
  vertexes: z.array(
    z.object({
      digest: z.string(),
      /** As in `[build 2/3] RUN npm ci`. */
      name: z.string(),
      cached: z.boolean(),
      started: Time,
      completed: Time,
      error: z.string(),
    }),
  ),
  statuses: z.array(
    z.object({
      ID: z.string(),
      vertex: z.string(),
      current: z.number(),
      total: z.number(),
      timestamp: Time,
    }),
  ),
  logs: z.array(z.object({ vertex: z.string(), stream: z.number(), msg: z.instanceof(Uint8Array) })),
  warnings: z.array(z.object({ vertex: z.string(), short: z.instanceof(Uint8Array) })),
});
export type BuildStatus = z.infer<typeof BuildStatus>;

/** `aux` is the Engine's `moby.buildkit.trace`: a protobuf message in base64. */
export function decodeStatus(aux: string): BuildStatus {
  const message = StatusResponse.decode(Buffer.from(aux, 'base64'));
  return BuildStatus.parse(StatusResponse.toObject(message, { longs: Number, defaults: true }));
}

/** The used fields of moby/buildkit's api/services/control/control.proto. */
const StatusResponse = protobuf
  .parse(
    `
    syntax = "proto3";
    message StatusResponse {
      repeated Vertex vertexes = 1;
      repeated VertexStatus statuses = 2;
      repeated VertexLog logs = 3;
      repeated VertexWarning warnings = 4;
    }
    message Vertex {
      string digest = 1;
      string name = 3;
      bool cached = 4;
      Timestamp started = 5;
      Timestamp completed = 6;
      string error = 7;
    }
    message VertexStatus {
      string ID = 1;
      string vertex = 2;
      int64 current = 4;
      int64 total = 5;
      Timestamp timestamp = 6;
    }
    message VertexLog { string vertex = 1; int64 stream = 3; bytes msg = 4; }
    message VertexWarning { string vertex = 1; bytes short = 3; }
    message Timestamp { int64 seconds = 1; int32 nanos = 2; }
  `,
    { keepCase: true },
  )
  .root.lookupType('StatusResponse');
