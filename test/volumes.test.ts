/** Volumes with stock kubectl: what tokens are good for, what a machine's disk keeps. Edits: manifests.test.ts, 08. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, TestCluster } from './support/cluster.ts';

const TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';
const CA = '/var/run/secrets/kubernetes.io/serviceaccount/ca.crt';

const KEEPER = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'keeper' },
  spec: {
    nodeName: 'node-1',
    terminationGracePeriodSeconds: 1,
    containers: [
      {
        name: 'main',
        image: 'busybox',
        command: ['sh', '-c', 'echo boot; while true; do sleep 60; done'],
        volumeMounts: [
          { name: 'host', mountPath: '/host' },
          { name: 'empty', mountPath: '/empty' },
          { name: 'memory', mountPath: '/memory' },
        ],
      },
    ],
    volumes: [
      { name: 'host', hostPath: { path: '/srv/keeper', type: 'DirectoryOrCreate' } },
      { name: 'empty', emptyDir: {} },
      { name: 'memory', emptyDir: { medium: 'Memory' } },
    ],
  },
};

describe('volumes with stock kubectl', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await TestCluster.start({ nodes: 2, speed: 50 });
  });
  afterAll(() => cluster.dispose());

  const sh = (pod: string, script: string): Promise<string> => cluster.kubectl('exec', pod, '--', 'sh', '-c', script);
  const ready = (...pods: string[]): Promise<string> =>
    cluster.kubectl('wait', '--for=condition=Ready', ...pods.map((pod) => `pod/${pod}`), '--timeout=30s');
  const restarts = (pod: string): Promise<string> =>
    cluster.kubectl('get', 'pod', pod, '-o', 'jsonpath={.status.containerStatuses[0].restartCount}');

  it('VOL-16: a token is its Pod at the API, until the Pod goes', async () => {
    await cluster.kubectl('run', 'caller', '--image=busybox', '--command', '--', 'sleep', '86400');
    await ready('caller');
    const ca = path.join(cluster.dataDir, 'pod-ca.crt');
    fs.writeFileSync(ca, await cluster.kubectl('exec', 'caller', '--', 'cat', CA));
    const token = await cluster.kubectl('exec', 'caller', '--', 'cat', TOKEN);
    const url = `https://127.0.0.1:${cluster.port}/apis/authentication.k8s.io/v1/selfsubjectreviews`;
    const ask = (): { code?: number; status?: { userInfo?: unknown } } =>
      JSON.parse(
        execFileSync('curl', [
          ...['-s', '--cacert', ca, '-H', `Authorization: Bearer ${token}`, '-H', 'Content-Type: application/json'],
          ...['-d', '{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}', url],
        ]).toString(),
      );
    expect(ask().status?.userInfo).toMatchObject({
      username: 'system:serviceaccount:default:default',
      extra: { 'authentication.kubernetes.io/pod-name': ['caller'] },
    });
    await cluster.kubectl('delete', 'pod', 'caller', '--grace-period=1');
    await eventually('the token is refused', async () => ask().code === 401);
  });

  it('VOL-30, VOL-34: a killed machine comes back with its disk and its logs', async () => {
    const manifest = path.join(cluster.dataDir, 'keeper.json');
    fs.writeFileSync(manifest, JSON.stringify(KEEPER));
    await cluster.kubectl('apply', '-f', manifest);
    await ready('keeper');
    await sh('keeper', 'for d in host empty memory; do echo $d > /$d/file; done');
    const disk = path.join(cluster.dataDir, 'nodes', 'node-1');
    await eventually('it is on disk', async () =>
      [
        'files',
        `volumes/${await cluster.kubectl('get', 'pod', 'keeper', '-o', 'jsonpath={.metadata.uid}')}/empty`,
      ].every((folder) => fs.readFileSync(path.join(disk, folder, 'tree.json'), 'utf8').includes('"file"')),
    );
    await cluster.regatta('node', 'kill', 'node-1');
    await cluster.regatta('node', 'start', 'node-1');
    await eventually('a restart', async () => (await restarts('keeper')) === '1');
    expect(await sh('keeper', 'cat /host/file /empty/file; ls /memory')).toBe('host\nempty');
    expect(await cluster.kubectl('logs', 'keeper', '--previous')).toBe('boot');
  });
});
