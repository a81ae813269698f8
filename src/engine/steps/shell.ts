import { UserError } from '../user-error.ts';
import { SCRIPT } from '../workspace/job-folder.ts';

const BASH_OR_SH = `if command -v bash >/dev/null 2>&1; then exec bash -e ${SCRIPT}; fi
exec sh -e ${SCRIPT}`;

/** The command that runs the step's script, by GitHub's name of the shell; null is bash if the image has it, else sh. */
export function shellCommand(shell: string | null): string[] {
  switch (shell) {
    case null:
      return ['sh', '-c', BASH_OR_SH];
    case 'bash':
      return ['bash', '--noprofile', '--norc', '-eo', 'pipefail', SCRIPT];
    case 'sh':
      return ['sh', '-e', SCRIPT];
    case 'python':
      return ['sh', '-c', `command -v python >/dev/null 2>&1 && exec python ${SCRIPT}; exec python3 ${SCRIPT}`];
    default:
      throw new UserError(`shell \`${shell}\` is not supported; use bash, sh or python`);
  }
}
