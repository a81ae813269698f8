import type { Command } from 'commander';
import { readConfig } from '../../config.ts';
import type { Surroundings } from '../client/session.ts';
import { CliError } from '../exit.ts';
import { givenFlags, withFlags } from '../flags.ts';
import { openTerminal, type Style, type Terminal } from '../terminal/terminal.ts';

/** One part, as it was found. `advice` says what to do unless it is ok. */
export interface Finding {
  part: string;
  state: 'ok' | 'warn' | 'fail';
  found: string;
  advice: string | null;
}

export function addDoctor(program: Command, { env }: Surroundings): void {
  withFlags(program.command('doctor'), 'doctor')
    .description('Check each part that Gantry needs and say what to do. Changes nothing; exits 1 when a part fails.')
    .action(async (_options: unknown, command: Command) => {
      const config = readConfig(env, givenFlags(command));
      const { examine } = await import('./examine.ts');
      const findings = await examine(config);
      const terminal = openTerminal();
      if (command.optsWithGlobals<{ json?: boolean }>().json === true)
        terminal.print(JSON.stringify({ items: findings }, null, 2));
      else for (const finding of findings) printFinding(terminal, finding);
      if (findings.some(({ state }) => state === 'fail')) throw new CliError('failed', '');
    });
}

const styles = { ok: 'green', warn: 'yellow', fail: 'red' } as const satisfies Record<Finding['state'], Style>;

function printFinding(terminal: Terminal, { part, state, found, advice }: Finding): void {
  terminal.print(`${terminal.paint(styles[state], state.padEnd(4))}  ${part.padEnd(14)}  ${found}`);
  if (advice !== null) terminal.print(advice.replace(/^/gm, ' '.repeat(22)));
}
