import type { Entry } from '../yaml/yaml-node.ts';
import { report, type YamlSource } from '../yaml/yaml-source.ts';

/** What GitHub has and we do not yet, each with what to do instead, by the place in the file. */
const UNSUPPORTED: Record<string, Record<string, string>> = {
  workflow: { concurrency: 'deployments to one environment already go one at a time' },
  job: {
    uses: 'write the steps of the called workflow out',
    with: 'it belongs to `uses`',
    secrets: 'it belongs to `uses`',
    services: 'start what the tests need in a step',
    concurrency: 'deployments to one environment already go one at a time',
    environment: 'name the environment in the step that uses gantry/deploy@v1',
    snapshot: 'leave it out',
    'cancel-timeout-minutes': 'leave it out',
  },
  container: {
    options: 'limits are set where Gantry is started',
    volumes: 'the workspace is there in every step',
    ports: 'steps reach each other on localhost',
    credentials: 'use an image that can be pulled without',
  },
  'runs-on': { group: 'give labels' },
};

export function reportUnsupported(source: YamlSource, place: keyof typeof UNSUPPORTED, entries: Entry[]): void {
  for (const { key, keyNode } of entries) {
    const known = UNSUPPORTED[place] ?? {};
    if (Object.hasOwn(known, key)) report(source, keyNode, `\`${key}\` is not supported by Gantry yet; ${known[key]}`);
  }
}
