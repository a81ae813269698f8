import { DockerError } from '../docker.ts';

/** The `NAME=value` pairs of the Engine's API. Throws `DockerError` `refused` for a name or value that cannot be passed unchanged. */
export function envPairs(env: Record<string, string>): string[] {
  return Object.entries(env).map(([name, value]) => {
    if (name === '' || name.includes('=') || name.includes('\0'))
      throw new DockerError('refused', `${JSON.stringify(name)} cannot be the name of an environment variable`);
    if (value.includes('\0'))
      throw new DockerError('refused', `The environment variable ${name} contains a NUL byte; remove it`);
    return `${name}=${value}`;
  });
}
