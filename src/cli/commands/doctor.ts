import type { Command } from 'commander';
import { readConfig } from '../../config.ts';
import type { CommandContext } from '../client/session.ts';
import type { Finding } from '../doctor/finding.ts';
import { CliError } from '../terminal/exit.ts';
import { openTerminal, type Style, type Terminal } from '../terminal/terminal.ts';
import { readRoleFlags, withRoleFlags } from './role-flags.ts';

export function addDoctor(program: Command, { env }: CommandContext): void {
  withRoleFlags(program.command('doctor'), 'doctor')
    .description(
      'Check every part that Gantry needs, and print how to fix what is wrong. Changes nothing. Exits with 1 if a check fails.',
    )
    .action(async (_options: unknown, command: Command) => {
      const config = readConfig(env, readRoleFlags(command));
      const { examine } = await import('../doctor/examine.ts');
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
