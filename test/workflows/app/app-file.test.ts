import { describe, expect, it } from 'vitest';
import { parseAppFile } from '../../../src/workflows/app/app-file.ts';

/** A file with `line` as fifth line, in the process `web`. */
function web(line: string): string {
  return `app: a\nprocesses:\n  web:\n    port: 80\n    ${line}\n`;
}

describe('Each problem in gantry.yml has an annotation at its place', () => {
  const name = 'must be 1 to 40 lower-case letters, digits and hyphens';
  const duration = 'must be a duration such as 500ms, 10s or 2m';
  const host = 'must be a host name in lower case, without scheme, port or path';
  it.each([
    ['app: Shop\nprocesses: { web: { port: 1 } }', `1:6 \`app\` ${name}`],
    ['app: a', '1:1 `processes` is missing'],
    ['app: a\nprocesses:\n  web:\n    hosts: []', '4:5 `processes.web.port` is missing'],
    ['- app', '1:1 The file must be a mapping with at least `app` and `processes`'],
    ['app: a\nvolumes: []\nprocesses: { web: { port: 1 } }', '2:1 Unknown key `volumes`'],
    [
      'app: a\nprocesses:\n  web: { port: 1 }\n  worker: {}',
      '4:3 Unknown process `worker`: Gantry supports only `web`',
    ],
    [web('prot: 1'), '5:5 Unknown key `prot` in `processes.web`'],
    [web('health: { pfad: / }'), '5:15 Unknown key `pfad` in `processes.web.health`'],
    [web('command: node server.js'), '5:14 `processes.web.command` must be a list'],
    [web('command: []'), '5:14 `processes.web.command` must not be empty'],
    [web('hosts: [a.de, https://b.de]'), `5:19 \`processes.web.hosts.1\` ${host}`],
    [web('hosts: [a.de:80]'), `5:13 \`processes.web.hosts.0\` ${host}`],
    [web('hosts: [A.de]'), `5:13 \`processes.web.hosts.0\` ${host}`],
    [
      web('hosts: [x.invalid]'),
      '5:13 `processes.web.hosts.0` must not end in .invalid: Gantry uses these names to check new releases',
    ],
    [web('hosts: [a.de, a.de]'), '5:12 `processes.web.hosts` must not list a host twice'],
    [web('stop_grace: 10'), `5:17 \`processes.web.stop_grace\` ${duration}`],
    [web('stop_grace: 10h'), `5:17 \`processes.web.stop_grace\` ${duration}`],
    [web('stop_grace: 61m'), '5:17 `processes.web.stop_grace` must be at most 60m'],
    [web('health: { interval: 0s }'), '5:25 `processes.web.health.interval` must be greater than 0'],
    [web('health: { path: up }'), '5:21 `processes.web.health.path` must be a path that starts with /'],
    [web('memory: 512'), '5:13 `processes.web.memory` must be a size such as 512m or 1g'],
    [web('memory: 1m'), '5:13 `processes.web.memory` must be at least 6m'],
    [web('cpus: 0'), '5:11 `processes.web.cpus` must be at least 0.01'],
    [web('cpus: two'), '5:11 `processes.web.cpus` must be a number'],
    ['app: a\nprocesses: { web: { port: 70000 } }', '2:27 `processes.web.port` must be at most 65535'],
    [
      'app: a\nenv: { A-B: 1 }\nprocesses: { web: { port: 1 } }',
      '2:8 `env.A-B`: the name must be letters, digits and underscores, and must not start with a digit',
    ],
    ['app: a\nenv: { A: [1] }\nprocesses: { web: { port: 1 } }', '2:11 `env.A` must be text, a number, true or false'],
    ['app: a\nenv: { A: }\nprocesses: { web: { port: 1 } }', '2:11 `env.A` must be text, a number, true or false'],
    [
      'app: a\nsecrets: [A, 1B]\nprocesses: { web: { port: 1 } }',
      '2:14 `secrets.1` must be letters, digits and underscores, and must not start with a digit',
    ],
    [
      'app: a\nprocesses: { web: { port: 1 } }\nenvironments: { Test: {} }',
      `3:17 \`environments.Test\`: the name ${name}`,
    ],
    [
      'app: a\nprocesses: { web: { port: 1 } }\nenvironments: { test: { port: 1 } }',
      '3:25 Unknown key `port` in `environments.test`',
    ],
  ])('%#', (text, problem) => {
    const { app, annotations } = parseAppFile('gantry.yml', text);
    expect(app).toBeNull();
    expect(annotations.map(({ line, column, message }) => `${line}:${column} ${message}`)).toEqual([problem]);
    expect(annotations[0]).toMatchObject({ path: 'gantry.yml', level: 'failure' });
  });
});
