import type { Readable } from 'node:stream';
import { CodedError } from '../../error.ts';

/** Immutable blobs of any size. A blob's hash is the SHA-256 of its bytes in hex. */
export interface Blobs {
  /** Resolves when the content is on disk (fsynced). Rejects and stores nothing when `content` fails, and with `DiskError` when the disk does. */
  put(content: Uint8Array | AsyncIterable<Uint8Array>): Promise<Blob>;
  /** Null when there is no such blob. The stream fails at its end when the content does not match the hash. The caller must read it to the end or destroy it. */
  open(hash: string): Promise<{ size: number; stream: Readable } | null>;
  /** The whole content; null when it is missing or does not match the hash. Throws `BlobError` when it is larger than `limit` bytes. */
  read(hash: string, limit: number): Promise<Buffer | null>;
  remove(hash: string): Promise<void>;
  /** Writes and removes a small file. Rejects with `DiskError` when the disk is full or read-only. */
  checkWritable(): Promise<void>;
}

export interface Blob {
  hash: string;
  /** In bytes. */
  size: number;
}

export class BlobError extends CodedError<'too_large' | 'corrupt'> {}
