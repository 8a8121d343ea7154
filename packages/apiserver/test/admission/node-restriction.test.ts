import type { KubeObject, Node, Pod, TokenRequest } from '@regatta/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NodeRestriction } from '../../src/admission/plugins/node-restriction.ts';
import { NODES, PODS } from '../../src/auth/resource-refs.ts';
import { cleanUp, node, openAuth, openServer, put, type TestServer } from '../auth/fixture.ts';
import { run, type Write } from './fixture.ts';

describe('NodeRestriction', () => {
  let server: TestServer;
  let plugin: NodeRestriction;
  const write = (more: Write): Promise<void> => run(plugin, { namespace: 'a', user: node('n1'), ...more });

  beforeEach(async () => {
    server = await openServer();
    plugin = new NodeRestriction(server, (await openAuth(server)).authorizer);
    await put(server, NODES, { metadata: { name: 'n1', uid: 'n1-uid' }, spec: {} });
    for (const name of ['n1', 'n2']) {
      const volumes = [
        { name: 'v', projected: { sources: [{ serviceAccountToken: { path: 'x' } }] } },
        { name: 'w', projected: { sources: [{ serviceAccountToken: { path: 'x', audience: 'vault' } }] } },
      ];
      await put(server, PODS, {
        metadata: { namespace: 'a', name: `on-${name}`, uid: `uid-${name}` },
        spec: { containers: [], nodeName: name, volumes },
      });
    }
  });
  afterEach(cleanUp);

  it('ADM-10: only nodes are restricted', async () => {
    await run(plugin, { what: 'DELETE pods', namespace: 'a', name: 'on-n2' });
  });

  it('ADM-10: a node writes only to its own Pods', async () => {
    await write({ what: 'DELETE pods', name: 'on-n1' });
    await expect(write({ what: 'DELETE pods', name: 'on-n2' })).rejects.toThrow(
      'pods "on-n2" is forbidden: node "n1" can only delete pods with spec.nodeName set to itself',
    );
    await expect(write({ what: 'DELETE pods', name: 'none' })).rejects.toThrow('pods "none" not found');
    const [own, other] = ['n1', 'n2'].map(
      (name): Pod => ({
        metadata: { name: 'p' },
        spec: { containers: [], nodeName: name },
      }),
    );
    if (!own || !other) throw new Error('two pods were made');
    await write({ what: 'UPDATE pods/status', object: own, oldObject: own });
    await expect(write({ what: 'UPDATE pods/status', object: other, oldObject: other })).rejects.toThrow(
      'node "n1" can only update pod status for pods with spec.nodeName set to itself',
    );
    const relabelled = { ...own, metadata: { name: 'p', labels: { a: 'b' } } };
    await expect(write({ what: 'UPDATE pods/status', object: relabelled, oldObject: own })).rejects.toThrow(
      'node "n1" cannot update labels through pod status',
    );
    await expect(write({ what: 'UPDATE pods', object: own, oldObject: own })).rejects.toThrow(
      'unexpected operation "UPDATE", node "n1" can only create and delete mirror pods',
    );
    await expect(write({ what: 'CREATE pods/exec', name: 'on-n1' })).rejects.toThrow(
      "unexpected pod subresource \"exec\", only 'status' and 'eviction' are allowed",
    );
    await write({ what: 'CREATE pods/eviction', name: 'on-n1', object: { metadata: { name: '' } } });
    await expect(
      write({ what: 'CREATE pods/eviction', name: 'on-n2', object: { metadata: { name: '' } } }),
    ).rejects.toThrow('node n1 can only evict pods with spec.nodeName set to itself');
  });

  it('ADM-10: a node creates mirror Pods of its own that refer to nothing', async () => {
    const owner = { apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'n1-uid', controller: true };
    const mirror = (metadata: object = {}, spec: object = {}): Pod => ({
      metadata: {
        name: 'p',
        annotations: { 'kubernetes.io/config.mirror': 'x' },
        ownerReferences: [owner],
        ...metadata,
      },
      spec: { containers: [], nodeName: 'n1', ...spec },
    });
    const create = (object: Pod): Promise<void> => write({ what: 'CREATE pods', object });
    await create(mirror());
    for (const [object, why] of [
      [
        mirror({ annotations: {} }),
        'pod does not have "kubernetes.io/config.mirror" annotation, node "n1" can only create mirror pods',
      ],
      [mirror({}, { nodeName: 'n2' }), 'node "n1" can only create pods with spec.nodeName set to itself'],
      [mirror({ ownerReferences: [] }), 'node "n1" can only create pods with an owner reference set to itself'],
      [
        mirror({ ownerReferences: [owner, owner] }),
        'node "n1" can only create pods with a single owner reference set to itself',
      ],
      [mirror({ ownerReferences: [{ ...owner, uid: 'x' }] }), 'node n1 UID mismatch: expected x got n1-uid'],
      [mirror({}, { serviceAccountName: 'x' }), 'node "n1" can not create pods that reference a service account'],
      [
        mirror({}, { volumes: [{ name: 'v', configMap: { name: 'm' } }] }),
        'node "n1" can not create pods that reference configmaps',
      ],
    ] as const) {
      await expect(create(object)).rejects.toThrow(`pods "p" is forbidden: ${why}`);
    }
  });

  it('ADM-10: a node keeps its own Node, its taints and the labels of others out of it', async () => {
    const own = (metadata: object = {}, spec: object = {}): Node => ({ metadata: { name: 'n1', ...metadata }, spec });
    const labels = { 'kubernetes.io/hostname': 'n1', 'topology.kubernetes.io/zone': 'z', mine: 'x' };
    await write({ what: 'CREATE nodes', namespace: '', object: own({ labels }) });
    await write({ what: 'UPDATE nodes/status', namespace: '', object: own(), oldObject: own() });
    await expect(write({ what: 'CREATE nodes', namespace: '', object: { metadata: { name: 'n2' } } })).rejects.toThrow(
      'nodes "n2" is forbidden: node "n1" is not allowed to modify node "n2"',
    );
    const bad = { 'node-restriction.kubernetes.io/x': '1', 'node-role.kubernetes.io/master': '' };
    await expect(write({ what: 'CREATE nodes', namespace: '', object: own({ labels: bad }) })).rejects.toThrow(
      'node "n1" is not allowed to set the following labels: node-restriction.kubernetes.io/x, node-role.kubernetes.io/master',
    );
    const update = (object: KubeObject): Promise<void> =>
      write({ what: 'UPDATE nodes', namespace: '', object, oldObject: own() });
    await expect(update(own({ labels: bad }))).rejects.toThrow('is not allowed to modify labels: node-restriction');
    await expect(update(own({}, { taints: [{ key: 'x', effect: 'NoSchedule' }] }))).rejects.toThrow(
      'node "n1" is not allowed to modify taints',
    );
  });

  it('ADM-10: a node keeps its own lease and CSINode', async () => {
    const what = 'CREATE leases.coordination.k8s.io';
    await write({ what, namespace: 'kube-node-lease', object: { metadata: { name: 'n1' } } });
    await expect(write({ what, namespace: 'kube-node-lease', object: { metadata: { name: 'n2' } } })).rejects.toThrow(
      'can only access node lease with the same name as the requesting node',
    );
    await expect(write({ what, object: { metadata: { name: 'n1' } } })).rejects.toThrow(
      'can only access leases in the "kube-node-lease" system namespace',
    );
    await expect(
      write({ what: 'CREATE csinodes.storage.k8s.io', namespace: '', object: { metadata: { name: 'n2' } } }),
    ).rejects.toThrow('can only access CSINode with the same name as the requesting node');
  });

  it('ADM-11: a node asks for tokens of its own Pods, for their audiences', async () => {
    const ask = (ref: object | undefined, audiences?: string[]): Promise<void> => {
      const spec = { ...(ref ? { boundObjectRef: ref } : {}), ...(audiences ? { audiences } : {}) };
      const object: TokenRequest = { metadata: { name: '' }, spec };
      return write({ what: 'CREATE serviceaccounts/token', name: 'robot', object });
    };
    const own = { apiVersion: 'v1', kind: 'Pod', name: 'on-n1', uid: 'uid-n1' };
    await ask(own);
    await ask(own, ['vault']);
    const refusals: readonly (readonly [object | undefined, string, string[]?])[] = [
      [undefined, 'node requested token not bound to a pod'],
      [{ ...own, uid: '' }, 'node requested token with a pod binding without a uid'],
      [{ ...own, name: 'on-n2', uid: 'uid-n2' }, 'node requested token bound to a pod scheduled on a different node'],
      [{ ...own, uid: 'x' }, 'the UID in the bound object reference (x) does not match the UID in record'],
      [own, 'node may only request 0 or 1 audiences', ['vault', 'x']],
      [
        own,
        'audience "x" not found in pod spec volume, system:node:n1 is not authorized to request tokens for this audience',
        ['x'],
      ],
    ];
    for (const [ref, why, audiences] of refusals) {
      await expect(ask(ref, audiences)).rejects.toThrow(`serviceaccounts "robot" is forbidden: ${why}`);
    }
  });
});
