import type { Command } from 'commander';
import { type Config, readConfig } from '../../config.ts';
import { openTerminal, type Terminal } from '../terminal/terminal.ts';
import { type Client, openClient } from './client.ts';
import { findServer } from './server-address.ts';

/** What a command that calls the server needs. */
export interface Session {
  config: Config;
  client: Client;
  terminal: Terminal;
  /** Aborts on SIGINT and SIGTERM. */
  signal: AbortSignal;
  /** Prints the value as one JSON document with `--json`; otherwise calls `render`. */
  show<T>(value: T, render: (value: T) => void): void;
  json: boolean;
}

export interface CommandContext {
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
}

export function openSession(command: Command, { env, signal }: CommandContext): Session {
  const options = command.optsWithGlobals<{ url?: string; token?: string; dataDir?: string; json?: boolean }>();
  const config = readConfig(env, {
    GANTRY_URL: options.url,
    GANTRY_TOKEN: options.token,
    GANTRY_DATA_DIR: options.dataDir,
  });
  const terminal = openTerminal();
  const json = options.json === true;
  return {
    config,
    client: openClient(findServer(config), signal),
    terminal,
    signal,
    json,
    show(value, render) {
      if (json) terminal.print(JSON.stringify(value, null, 2));
      else render(value);
    },
  };
}
