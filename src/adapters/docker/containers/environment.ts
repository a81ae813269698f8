import { DockerError } from '../docker.ts';

/** `NAME=value` pairs as the Engine takes them; a name or value that would arrive as something else is refused. */
export function environment(env: Record<string, string>): string[] {
  return Object.entries(env).map(([name, value]) => {
    if (name === '' || name.includes('=') || name.includes('\0'))
      throw new DockerError('refused', `${JSON.stringify(name)} cannot be the name of an environment variable`);
    if (value.includes('\0'))
      throw new DockerError(
        'refused',
        `The environment variable ${name} holds a NUL byte, which no process can be given`,
      );
    return `${name}=${value}`;
  });
}
