import { expect, test } from 'vitest';
import { containerBody } from '../../../../src/adapters/docker/containers/container-body.ts';
import { containerSpec } from '../test-engine.ts';

test('A job container has its limits without swap, fewer capabilities, an init and a label of its installation', () => {
  const body = containerBody(
    {
      ...containerSpec,
      name: 'gantry-att_1',
      labels: { 'gantry.job': 'job_1' },
      env: { A: '1' },
      cwd: '/w',
      network: 'gantry-jobs-i1',
      mounts: [{ source: '/host/w', target: '/w', kind: 'bind', read_only: false }],
      limits: { cpus: 1.5, memory: 1024, pids: 10 },
    },
    'i1',
  );
  expect(body).toEqual({
    name: 'gantry-att_1',
    Image: 'busybox:latest',
    Labels: { 'gantry.job': 'job_1', 'gantry.installation': 'i1' },
    Env: ['A=1'],
    Cmd: ['sleep', '600'],
    WorkingDir: '/w',
    ExposedPorts: {},
    HostConfig: {
      NetworkMode: 'gantry-jobs-i1',
      Mounts: [{ Type: 'bind', Source: '/host/w', Target: '/w', ReadOnly: false }],
      NanoCpus: 1_500_000_000,
      Memory: 1024,
      MemorySwap: 1024,
      PidsLimit: 10,
      Init: true,
      CapDrop: ['NET_RAW', 'MKNOD', 'AUDIT_WRITE'],
      SecurityOpt: ['no-new-privileges'],
      RestartPolicy: { Name: 'no' },
      PortBindings: {},
      LogConfig: { Type: 'none', Config: {} },
    },
  });
});

test('The proxy keeps what its image asks for, publishes ports and keeps a log of limited size', () => {
  const body = containerBody(
    {
      ...containerSpec,
      privileges: 'proxy',
      publish: [{ container_port: 80, host_port: 8080, protocol: 'tcp' }],
      aliases: ['proxy'],
      network: 'gantry-i1',
      restart: 'unless-stopped',
      log_bytes: 1_000_001,
    },
    'i1',
  );
  expect(body.ExposedPorts).toEqual({ '80/tcp': {} });
  expect(body.NetworkingConfig).toEqual({ EndpointsConfig: { 'gantry-i1': { Aliases: ['proxy'] } } });
  expect(body.HostConfig).toMatchObject({
    PortBindings: { '80/tcp': [{ HostPort: '8080' }] },
    RestartPolicy: { Name: 'unless-stopped' },
    LogConfig: { Type: 'local', Config: { 'max-size': '500001', 'max-file': '2', compress: 'false' } },
  });
  expect(body.HostConfig).not.toHaveProperty('CapDrop');
});

test('An image’s labels cannot make its container look like another job’s or installation’s', () => {
  const inherited = { 'gantry.app': 'shop', 'gantry.installation': 'other', maintainer: 'someone' };
  expect(containerBody({ ...containerSpec, labels: { 'gantry.job': 'j' } }, 'i1', inherited).Labels).toEqual({
    'gantry.app': '',
    'gantry.job': 'j',
    'gantry.installation': 'i1',
  });
});
