/** Names of Gantry's objects in Docker and in the proxy. Several installations may share an Engine, so names of shared objects contain the installation. */

/** A container of one attempt, named by its role and, if the role has several containers, by further parts. */
export const attemptContainer = (attempt: string, ...role: [ContainerRole, ...string[]]) =>
  ['gantry', attempt.toLowerCase(), ...role].join('-');
/** The label `gantry.role`: the container that steps run in, a service beside it, or a Docker action. */
export type ContainerRole = 'job' | 'service' | 'action';
/** The network of an attempt that does not share one. */
export const attemptNetwork = (attempt: string) => `gantry-${attempt.toLowerCase()}`;
export const jobsNetwork = (installation: string) => `gantry-jobs-${installation}`;

export const appsNetwork = (installation: string) => `gantry-${installation}`;
export const proxyContainer = (installation: string) => `gantry-proxy-${installation}`;

/** A deployment's alias in the proxy's network. The proxy's list shows it, and thereby which deployment is live. */
export const aliasOf = (deployment: string) => deployment.toLowerCase().replaceAll('_', '-');
export const releaseContainer = (app: string, environment: string, deployment: string) =>
  `gantry-${app}-${environment}-${deployment}`;
export const serviceOf = (app: string, environment: string) => `${app}-${environment}`;
export const GATE_PREFIX = 'gate-';
export const gateOf = (deployment: string) => `${GATE_PREFIX}${aliasOf(deployment)}`;

/** Kept releases are tagged: no prune removes an image that has a name. */
export const releaseRepository = (installation: string, app: string, environment: string) =>
  `gantry-release/${installation}/${app}/${environment}`;
export const releaseImage = (installation: string, app: string, environment: string, release: string) =>
  `${releaseRepository(installation, app, environment)}:${aliasOf(release)}`;
/** Each build step tags its image with a unique name, because the user's tags may move to another image. */
export const buildRepository = (installation: string, repo: string) =>
  `gantry-build/${installation}/${repo.toLowerCase()}`;
export const buildImage = (installation: string, repo: string, attempt: string, step: string) =>
  `${buildRepository(installation, repo)}:${aliasOf(attempt)}-${step}`;
