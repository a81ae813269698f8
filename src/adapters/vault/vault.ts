/** Seals values for SQL with AES-256-GCM under the master key, which only the server has. */
export interface Vault {
  /** `scope` names the value's place (`secret/<repo>/<name>/<version>`); opening it needs the same scope. */
  seal(scope: string, value: string): string;
  open(scope: string, sealed: string): string;
  /** The key for messages between control and workers: HKDF(key, "worker"). */
  worker_key: Buffer;
  /** The name of this installation in Docker; derived from the worker key, so that workers know it too. */
  installation: string;
}

/** Seals grants and answers for Redis with AES-256-GCM under the worker key. */
export interface Envelope {
  seal(binding: string, value: unknown): string;
  /** Throws `SealError` when it was sealed for another binding or by another installation. */
  open(binding: string, sealed: string): unknown;
  installation: string;
}
