/** What things of ours are called in Docker and in the proxy. Names of shared things carry the installation: two may share an Engine. */
export const jobContainer = (attempt: string) => `gantry-${attempt.toLowerCase()}`;
export const jobsNetwork = (installation: string) => `gantry-jobs-${installation}`;
export const appsNetwork = (installation: string) => `gantry-${installation}`;
export const proxyContainer = (installation: string) => `gantry-proxy-${installation}`;

/** How the proxy's network knows a deployment: `list` gives it back, and so says which one is live. */
export const aliasOf = (deployment: string) => deployment.toLowerCase().replaceAll('_', '-');
export const releaseContainer = (app: string, environment: string, deployment: string) =>
  `gantry-${app}-${environment}-${deployment}`;
export const serviceOf = (app: string, environment: string) => `${app}-${environment}`;
export const GATES = 'gate-';
export const gateOf = (deployment: string) => `${GATES}${aliasOf(deployment)}`;

/** Kept releases: a name keeps an image from every prune. */
export const releaseRepository = (installation: string, app: string, environment: string) =>
  `gantry-release/${installation}/${app}/${environment}`;
export const releaseImage = (installation: string, app: string, environment: string, release: string) =>
  `${releaseRepository(installation, app, environment)}:${aliasOf(release)}`;
/** What each build step's image is called, whatever else it is tagged: nobody moves that name. */
export const buildRepository = (installation: string, repo: string) =>
  `gantry-build/${installation}/${repo.toLowerCase()}`;
export const buildImage = (installation: string, repo: string, attempt: string, step: number | 'held') =>
  `${buildRepository(installation, repo)}:${aliasOf(attempt)}-${step}`;
