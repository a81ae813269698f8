import { describe, expect, it } from 'vitest';
import { resolveApp } from '../../../src/workflows/app/app-environment.ts';
import { parseAppFile } from '../../../src/workflows/app/app-file.ts';

const SHOP = `app: shop
env: { LOG_LEVEL: info, WORKERS: 2, DEBUG: false }
secrets: [DATABASE_URL]
processes:
  web:
    command: [node, server.js]
    port: 3000
    hosts: [shop.example.com]
    health: { path: /up, interval: 500ms, timeout: 2m }
    stop_grace: 10s
    cpus: 1.5
    memory: 512m
environments:
  staging:
    env: { LOG_LEVEL: debug }
    secrets: [DEBUG_KEY, DATABASE_URL]
    processes: { web: { hosts: [staging.example.com], health: { timeout: 5s } } }
  bare:
`;

const shop = {
  app: 'shop',
  environment: 'production',
  env: { LOG_LEVEL: 'info', WORKERS: '2', DEBUG: 'false' },
  secrets: ['DATABASE_URL'],
  processes: {
    web: {
      command: ['node', 'server.js'],
      port: 3000,
      hosts: ['shop.example.com'],
      health: { path: '/up', interval: 500, timeout: 120_000 },
      stop_grace: 10_000,
      cpus: 1.5,
      memory: 512 * 1024 ** 2,
    },
  },
};

function resolve(text: string, environment: string) {
  const { app, annotations } = parseAppFile('gantry.yml', text);
  expect(annotations).toEqual([]);
  if (app === null) throw new Error('unreachable');
  return resolveApp(app, environment);
}

describe('The configuration of an app in an environment', () => {
  it('is unchanged for production, if that is not listed', () => {
    expect(resolve(SHOP, 'production')).toEqual({ config: shop, problem: null });
  });

  it('is unchanged for an empty environment', () => {
    expect(resolve(SHOP, 'bare')).toEqual({ config: { ...shop, environment: 'bare' }, problem: null });
  });

  it('applies the overrides of the environment', () => {
    const { web } = shop.processes;
    expect(resolve(SHOP, 'staging').config).toEqual({
      ...shop,
      environment: 'staging',
      env: { ...shop.env, LOG_LEVEL: 'debug' },
      secrets: ['DATABASE_URL', 'DEBUG_KEY'],
      processes: { web: { ...web, hosts: ['staging.example.com'], health: { ...web.health, timeout: 5000 } } },
    });
  });

  it('does not exist for an unlisted environment, and the problem lists the environments', () => {
    const problem = 'gantry.yml has no environment `constructor`; its environments are staging, bare, production';
    expect(resolve(SHOP, 'constructor')).toEqual({ config: null, problem });
  });

  it('exists for any environment if none is listed, and has defaults for everything but the port', () => {
    expect(resolve('app: a\nprocesses: { web: { port: 80 } }\n', 'anything')).toEqual({
      config: {
        app: 'a',
        environment: 'anything',
        env: {},
        secrets: [],
        processes: {
          web: {
            command: null,
            port: 80,
            hosts: [],
            health: { path: '/up', interval: 1000, timeout: 30_000 },
            stop_grace: 10_000,
            cpus: null,
            memory: null,
          },
        },
      },
      problem: null,
    });
  });

  it('does not exist for an invalid name', () => {
    expect(resolve('app: a\nprocesses: { web: { port: 80 } }\n', 'Prod/1').problem).toBe(
      'The environment name `Prod/1` must be 1 to 40 lower-case letters, digits and hyphens',
    );
  });
});
