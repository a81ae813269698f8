/** AES-256-GCM under the master key: what SQL keeps sealed. Only the server has it. */
export interface Vault {
  /** `scope` names where the value belongs (`secret/<repo>/<name>/<version>`); it must be the same to open it. */
  seal(scope: string, value: string): string;
  open(scope: string, sealed: string): string;
  /** Key of the conversation between control and workers, derived by HKDF(key, "worker"). */
  worker_key: Buffer;
  /** Names this installation in Docker; derived too, so that workers know it without the master key. */
  installation: string;
}

/** AES-256-GCM under the derived worker key: grants and answers in Redis. */
export interface Envelope {
  seal(binding: string, value: unknown): string;
  /** Throws when it was sealed for another binding or by another installation. */
  open(binding: string, sealed: string): unknown;
  installation: string;
}
