/** The workflows in pipelines/, for repositories that have none of their own. */
export const SHIPPED = ['node', 'node-docker', 'node-docker-deploy', 'docker', 'docker-deploy'] as const;
export type ShippedName = (typeof SHIPPED)[number];

/** Those that fit the paths of a repository, from its root; one says all that can be done, so there is at most one. */
export function shippedFor(files: readonly string[]): ShippedName[] {
  const node = files.includes('package.json');
  const docker = files.includes('Dockerfile');
  const deploy = docker && files.includes('gantry.yml');
  if (deploy) return [node ? 'node-docker-deploy' : 'docker-deploy'];
  if (docker) return [node ? 'node-docker' : 'docker'];
  return node ? ['node'] : [];
}
