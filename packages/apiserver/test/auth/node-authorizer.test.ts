import type { Pod } from '@regatta/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Auth } from '../../src/auth/mod.ts';
import { PERSISTENT_VOLUMES, PODS } from '../../src/auth/resource-refs.ts';
import { asks, cleanUp, node, openAuth, openServer, put, remove, type TestServer, user } from './fixture.ts';

function pod(name: string, nodeName: string | undefined, spec: Partial<Pod['spec']> = {}): Pod {
  return {
    metadata: { namespace: 'a', name },
    spec: {
      containers: [{ name: 'c', env: [{ name: 'E', valueFrom: { secretKeyRef: { name: 'env-secret', key: 'k' } } }] }],
      serviceAccountName: 'robot',
      imagePullSecrets: [{ name: 'pull-secret' }],
      volumes: [
        {
          name: 'v1',
          projected: { sources: [{ configMap: { name: 'map' } }, { secret: { name: 'projected-secret' } }] },
        },
        { name: 'v2', persistentVolumeClaim: { claimName: 'claim' } },
        { name: 'scratch', ephemeral: { volumeClaimTemplate: { spec: {} } } },
      ],
      ...(nodeName === undefined ? {} : { nodeName }),
      ...spec,
    },
  };
}

describe('Node authorizer', () => {
  let server: TestServer;
  let auth: Auth;
  const verdict = (name: string, text: string, selector?: string): string => {
    const decision = auth.authorizer.authorize(asks(node(name), text, selector));
    return decision.verdict === 'allow' ? 'allow' : decision.reason;
  };
  const unrelated = (name: string): string => `no relationship found between node '${name}' and this object`;

  beforeEach(async () => {
    server = await openServer();
    auth = await openAuth(server);
  });
  afterEach(cleanUp);

  it('AUTHZ-5: a node reads what its Pods refer to, and only that', async () => {
    await put(server, PODS, pod('p', 'n1'));
    const readable = ['env-secret', 'pull-secret', 'projected-secret'].map((name) => `get secrets a/${name}`);
    readable.push(
      'watch configmaps a/map',
      'get persistentvolumeclaims a/claim',
      'get persistentvolumeclaims a/p-scratch',
    );
    readable.push('create serviceaccounts/token a/robot', 'get serviceaccounts a/robot', 'get pods a/p');
    for (const text of readable) {
      expect([text, verdict('n1', text)]).toEqual([text, 'allow']);
      expect([text, verdict('n2', text)]).toEqual([text, unrelated('n2')]);
    }
    expect(verdict('n1', 'get secrets a/other')).toBe(unrelated('n1'));
    expect(verdict('n1', 'get secrets b/env-secret')).toBe(unrelated('n1'));
    expect(verdict('n1', 'list secrets a')).toBe('No Object name found');
    expect(verdict('n1', 'update secrets a/env-secret')).toBe('can only read resources of this type');
  });

  it('AUTHZ-5: access begins when the Pod is bound and ends when it is gone', async () => {
    await put(server, PODS, pod('p', undefined));
    expect(verdict('n1', 'get secrets a/env-secret')).toBe(unrelated('n1'));
    await put(server, PODS, pod('p', 'n1'));
    await put(server, PODS, pod('q', 'n1'));
    expect(verdict('n1', 'get secrets a/env-secret')).toBe('allow');
    await remove(server, PODS, 'a', 'p');
    expect(verdict('n1', 'get secrets a/env-secret')).toBe('allow');
    await remove(server, PODS, 'a', 'q');
    expect(verdict('n1', 'get secrets a/env-secret')).toBe(unrelated('n1'));
  });

  it('AUTHZ-5: a status update changes no access, an ephemeral container does', async () => {
    const first = await put(server, PODS, pod('p', 'n1'));
    await put(server, PODS, { ...first, status: { phase: 'Running' } });
    const ephemeralContainers = [{ name: 'debug', envFrom: [{ configMapRef: { name: 'debug-map' } }] }];
    await put(server, PODS, { ...first, spec: { ...first.spec, ephemeralContainers } });
    expect(verdict('n1', 'get configmaps a/debug-map')).toBe('allow');
    await remove(server, PODS, 'a', 'p');
    expect(verdict('n1', 'get configmaps a/debug-map')).toBe(unrelated('n1'));
    expect(verdict('n1', 'get configmaps a/map')).toBe(unrelated('n1'));
  });

  it('AUTHZ-5: volumes and their secrets follow the claim', async () => {
    await put(server, PODS, pod('p', 'n1'));
    const spec = { csi: { driver: 'd', volumeHandle: 'h', nodeStageSecretRef: { name: 's', namespace: 'store' } } };
    await put(server, PERSISTENT_VOLUMES, { metadata: { name: 'pv' }, spec });
    expect(verdict('n1', 'get persistentvolumes /pv')).toBe(unrelated('n1'));
    const claimRef = { namespace: 'a', name: 'claim' };
    await put(server, PERSISTENT_VOLUMES, { metadata: { name: 'pv' }, spec: { ...spec, claimRef } });
    expect(verdict('n1', 'get persistentvolumes /pv')).toBe('allow');
    expect(verdict('n1', 'get secrets store/s')).toBe('allow');
    expect(verdict('n2', 'get secrets store/s')).toBe(unrelated('n2'));
    await remove(server, PERSISTENT_VOLUMES, '', 'pv');
    expect(verdict('n1', 'get secrets store/s')).toBe(unrelated('n1'));
  });

  it('AUTHZ-5: a mirror Pod gives no access', async () => {
    const mirror = pod('p', 'n1');
    mirror.metadata.annotations = { 'kubernetes.io/config.mirror': 'x' };
    await put(server, PODS, mirror);
    expect(verdict('n1', 'get secrets a/env-secret')).toBe(unrelated('n1'));
    expect(verdict('n1', 'get pods a/p')).toBe('allow');
  });

  it.each([
    ['get nodes /n1', undefined, 'allow'],
    ['get nodes /n2', undefined, "node 'n1' cannot read 'n2', only its own Node object"],
    ['list nodes', undefined, "node 'n1' cannot read all nodes, only its own Node object"],
    ['create nodes /n1', undefined, 'allow'],
    ['delete nodes /n1', undefined, ''],
    ['patch nodes/status /n1', undefined, 'allow'],
    ['list pods', 'spec.nodeName=n1', 'allow'],
    ['watch pods', 'spec.nodeName=n1,status.phase!=Failed', 'allow'],
    ['list pods', 'spec.nodeName=n2', 'can only list/watch pods with spec.nodeName field selector'],
    ['list pods', undefined, 'can only list/watch pods with spec.nodeName field selector'],
    ['patch pods/status a/x', undefined, 'allow'],
    ['create pods/eviction a/x', undefined, 'allow'],
    ['patch pods a/x', undefined, ''],
    ['update leases.coordination.k8s.io kube-node-lease/n1', undefined, 'allow'],
    [
      'update leases.coordination.k8s.io kube-node-lease/n2',
      undefined,
      'can only access node lease with the same name as the requesting node',
    ],
    [
      'get leases.coordination.k8s.io a/n1',
      undefined,
      'can only access leases in the "kube-node-lease" system namespace',
    ],
    ['create csinodes.storage.k8s.io /n1', undefined, 'allow'],
    ['get csinodes.storage.k8s.io /n2', undefined, 'can only access CSINode with the same name as the requesting node'],
    ['list resourceslices.resource.k8s.io', 'nodeName=n1', 'allow'],
    ['create events a/x', undefined, 'allow'],
    ['watch services', undefined, 'allow'],
    ['create serviceaccounts a/x', undefined, 'can only create token subresource of serviceaccount'],
  ])('AUTHZ-5: %s %s → %s', (text, selector, expected) => {
    expect(verdict('n1', text, selector)).toBe(expected);
  });

  it('AUTHZ-5: nobody else is taken for a node', () => {
    expect(auth.authorizer.authorize(asks(user('system:node:n1'), 'get nodes /n1')).verdict).toBe('no-opinion');
    expect(auth.authorizer.authorize(asks(user('bob', 'system:nodes'), 'get nodes /n1')).verdict).toBe('no-opinion');
  });
});
