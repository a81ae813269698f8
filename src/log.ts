import { type Logger, pino } from 'pino';

export type Log = Logger;

/** JSON lines on stderr, or lines for people when stderr is a terminal. Secrets by their usual names never appear. */
export function openLog(role: string, level: string): Log {
  return pino(
    {
      level,
      base: { role },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: [
          'token',
          '*.token',
          'secret',
          '*.secret',
          'secrets',
          '*.secrets',
          'headers.authorization',
          'env',
          '*.env',
        ],
        censor: '***',
      },
    },
    pino.destination({ dest: 2, sync: true }),
  );
}
