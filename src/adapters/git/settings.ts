/** The settings of every git call. The configuration of the user and the host is ignored. */
export interface GitSettings {
  /** Extra certificate authorities, or null. */
  ca_file: string | null;
  /** HTTP_PROXY and similar variables. */
  proxy_env: Record<string, string>;
}

export interface Remote {
  clone_url: string;
  token: string | null;
}

/** Git's configuration for every call. */
const BASE_CONFIG: [string, string][] = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  // Reflogs would show paths of this host to jobs.
  ['core.logAllRefUpdates', 'false'],
  ['credential.helper', ''],
  // The data directory may belong to another user.
  ['safe.directory', '*'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['fetch.recurseSubmodules', 'false'],
  ['submodule.recurse', 'false'],
  ['http.lowSpeedLimit', '1000'],
  ['http.lowSpeedTime', '60'],
  ['protocol.allow', 'never'],
  ['advice.detachedHead', 'false'],
];

/** The environment of local commands. `file` allows the file protocol, to fetch from a mirror. */
export function localEnvironment(settings: GitSettings, file = false): Record<string, string> {
  return environment(settings, file ? [['protocol.file.allow', 'always']] : []);
}

/** The environment for one remote: only its protocol is allowed, and its credentials are sent nowhere else. */
export function remoteEnvironment(settings: GitSettings, remote: Remote): Record<string, string> {
  const scheme = new URL(remote.clone_url).protocol.slice(0, -1);
  const config: [string, string][] = [[`protocol.${scheme}.allow`, 'always']];
  if (remote.token !== null) config.push([`http.${remote.clone_url}.extraHeader`, authorization(remote.token)]);
  return environment(settings, config);
}

/** Whether git may connect to this URL: https, or http on this machine. */
export function isAllowed(cloneUrl: string): boolean {
  if (!URL.canParse(cloneUrl)) return false;
  const { protocol, hostname } = new URL(cloneUrl);
  return protocol === 'https:' || (protocol === 'http:' && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname));
}

function authorization(token: string): string {
  return `Authorization: Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`;
}

function environment({ ca_file, proxy_env }: GitSettings, more: [string, string][]): Record<string, string> {
  const config = [...BASE_CONFIG, ...more];
  return {
    ...proxy_env,
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    LC_ALL: 'C.UTF-8',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_LITERAL_PATHSPECS: '1',
    ...(ca_file === null ? {} : { GIT_SSL_CAINFO: ca_file }),
    GIT_CONFIG_COUNT: String(config.length),
    ...Object.fromEntries(
      config.flatMap(([key, value], i) => [
        [`GIT_CONFIG_KEY_${i}`, key],
        [`GIT_CONFIG_VALUE_${i}`, value],
      ]),
    ),
  };
}
