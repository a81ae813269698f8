/** The workflows in pipelines/, for repositories without workflows. */
export const SHIPPED = ['node', 'node-docker', 'node-docker-deploy', 'docker', 'docker-deploy'] as const;
export type ShippedName = (typeof SHIPPED)[number];

/** Chooses at most one workflow: the one that does the most with the files at the repository's root. */
export function shippedFor(files: readonly string[]): ShippedName[] {
  const node = files.includes('package.json');
  const docker = files.includes('Dockerfile');
  const deploy = docker && files.includes('gantry.yml');
  if (deploy) return [node ? 'node-docker-deploy' : 'docker-deploy'];
  if (docker) return [node ? 'node-docker' : 'docker'];
  return node ? ['node'] : [];
}
