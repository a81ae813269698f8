import { expect, test } from 'vitest';
import { deployCommand } from '../../../src/adapters/proxy/deploy-command.ts';

const service = {
  name: 'shop-production',
  hosts: ['a.example.com', 'b.example.com'],
  target: 'dep-1:3000',
  health_path: '/up?a=b c',
  health_interval: 1_000,
  deploy_timeout: 30_000,
  drain_timeout: 10_000,
};

test('A deployment sets every option', () => {
  expect(deployCommand(service)).toEqual([
    'kamal-proxy',
    'deploy',
    '--target=dep-1:3000',
    '--host=a.example.com',
    '--host=b.example.com',
    '--health-check-path=/up?a=b c',
    '--health-check-interval=1000ms',
    '--deploy-timeout=30000ms',
    '--drain-timeout=10000ms',
    '--',
    'shop-production',
  ]);
});

test.each([
  { health_interval: 0 },
  { health_interval: Number.NaN },
  { hosts: ['a,b'] },
  { hosts: [''] },
  { drain_timeout: -1 },
])('%j is refused, because the proxy would misread it or crash', (changes) => {
  expect(() => deployCommand({ ...service, ...changes })).toThrow(
    /Cannot deploy shop-production to the proxy: invalid value/,
  );
});
