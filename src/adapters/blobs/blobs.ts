/** Immutable contents under their SHA-256 in hex; on disk (fsynced) when `put` resolves. */
export interface Blobs {
  put(content: Uint8Array): Promise<string>;
  /** Null when there is none, or when the content does not match the hash. */
  get(hash: string): Promise<Buffer | null>;
  remove(hash: string): Promise<void>;
}
