import type { Entry } from '../yaml/yaml-node.ts';
import { report, type YamlSource } from '../yaml/yaml-source.ts';

/** Keys that Gantry does not support yet, with what to do instead. */
const UNSUPPORTED = {
  workflow: { concurrency: 'deployments to one environment already run one at a time' },
  job: {
    uses: 'copy the steps of the called workflow into this job',
    with: 'it is only used with `uses`',
    secrets: 'it is only used with `uses`',
    services: 'start services in a step',
    concurrency: 'deployments to one environment already run one at a time',
    environment: 'set the input `environment` of gantry/deploy@v1',
    snapshot: 'remove it',
    'cancel-timeout-minutes': 'remove it',
  },
  container: {
    options: 'set limits in the configuration of Gantry',
    volumes: 'the workspace is available in every step',
    ports: 'steps reach each other on localhost',
    credentials: 'use an image that can be pulled without credentials',
  },
  'runs-on': { group: 'use labels' },
} satisfies Record<string, Record<string, string>>;

export function reportUnsupported(source: YamlSource, place: keyof typeof UNSUPPORTED, entries: Entry[]): void {
  const keys: Record<string, string> = UNSUPPORTED[place];
  for (const { key, keyNode } of entries)
    if (Object.hasOwn(keys, key)) report(source, keyNode, `\`${key}\` is not supported by Gantry yet; ${keys[key]}`);
}
