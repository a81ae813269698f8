import { UserError } from '../user-error.ts';

/** Where a step's script lies in the container. */
export const SCRIPT = '/github/runner/script';
/** Where the wrapper leaves the step's pid. */
export const PID = '/github/runner/pid';

/**
 * Names the step before it starts: an exec'd process leads a group of its own, so its pid names all that it starts.
 * $1 is put before PATH, $2 is the working directory, the rest is the command.
 */
const WRAPPER = `echo $$ >${PID}
if [ -n "$1" ]; then PATH="$1:$PATH"; export PATH; fi
cd "$2" || exit 1
shift 2
exec "$@"`;

const BASH_OR_SH = `if command -v bash >/dev/null 2>&1; then exec bash -e ${SCRIPT}; fi
exec sh -e ${SCRIPT}`;

export function wrapped(command: string[], path: string[], folder: string): string[] {
  return ['sh', '-c', WRAPPER, 'gantry', path.join(':'), folder, ...command];
}

/** As GitHub calls each shell; null is bash where the image has it, else sh. */
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
      throw new UserError(`shell \`${shell}\` is not supported; write bash, sh or python`);
  }
}
