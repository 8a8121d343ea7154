import type { ClusterRole } from '@regatta/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Auth, ensureBootstrapPolicy } from '../../src/auth/mod.ts';
import { CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, PRIORITY_CLASSES, ROLE_BINDINGS } from '../../src/auth/resource-refs.ts';
import { asks, cleanUp, node, openAuth, openServer, put, remove, type TestServer, user } from './fixture.ts';

describe('bootstrap policy', () => {
  let server: TestServer;
  let auth: Auth;

  beforeEach(async () => {
    server = await openServer();
    auth = await openAuth(server);
    await ensureBootstrapPolicy(server);
  });
  afterEach(cleanUp);

  const may = (who: ReturnType<typeof user>, text: string): boolean =>
    auth.authorizer.authorize(asks(who, text)).verdict === 'allow';

  it('AUTHZ-6: roles look as upstream makes them', () => {
    const found = server.get(CLUSTER_ROLES, '', 'system:controller:deployment-controller');
    expect(found?.metadata).toMatchObject({
      name: 'system:controller:deployment-controller',
      labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' },
      annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
      creationTimestamp: '2026-01-01T00:00:00Z',
    });
    expect(found?.rules?.slice(0, 2)).toEqual([
      { verbs: ['get', 'list', 'update', 'watch'], apiGroups: ['apps', 'extensions'], resources: ['deployments'] },
      { verbs: ['update'], apiGroups: ['apps', 'extensions'], resources: ['deployments/status'] },
    ]);
    expect(found?.rules?.at(-1)).toEqual({
      verbs: ['create', 'patch', 'update'],
      apiGroups: ['', 'events.k8s.io'],
      resources: ['events'],
    });
    expect(server.get(CLUSTER_ROLE_BINDINGS, '', 'system:controller:deployment-controller')).toMatchObject({
      roleRef: {
        apiGroup: 'rbac.authorization.k8s.io',
        kind: 'ClusterRole',
        name: 'system:controller:deployment-controller',
      },
      subjects: [{ kind: 'ServiceAccount', name: 'deployment-controller', namespace: 'kube-system' }],
    });
    expect(server.get(PRIORITY_CLASSES, '', 'system-node-critical')?.value).toBe(2000001000);
  });

  it('AUTHZ-6: everybody reads discovery and themselves, strangers the version', () => {
    const stranger = { name: 'system:anonymous', groups: ['system:unauthenticated'] };
    expect(may(user('alice'), 'get /apis')).toBe(true);
    expect(may(user('alice'), 'create selfsubjectaccessreviews.authorization.k8s.io')).toBe(true);
    expect(may(user('alice'), 'list pods a')).toBe(false);
    expect(may(stranger, 'get /version')).toBe(true);
    expect(may(stranger, 'get /api')).toBe(false);
  });

  it('AUTHZ-6: controllers and the scheduler may do their work and no more', () => {
    const controller = (name: string): ReturnType<typeof user> => user(`system:serviceaccount:kube-system:${name}`);
    expect(may(controller('replicaset-controller'), 'create pods a/')).toBe(true);
    expect(may(controller('replicaset-controller'), 'delete nodes /x')).toBe(false);
    expect(may(controller('namespace-controller'), 'deletecollection widgets.example.com a')).toBe(true);
    expect(may(user('system:kube-scheduler'), 'create pods/binding a/x')).toBe(true);
    expect(may(user('system:kube-scheduler'), 'update leases.coordination.k8s.io kube-system/kube-scheduler')).toBe(
      true,
    );
    expect(may(user('system:kube-controller-manager'), 'list secrets')).toBe(true);
    expect(may(user('system:kube-scheduler'), 'get secrets a/x')).toBe(false);
  });

  it('AUTHZ-7: admin, edit and view hold what they aggregate, from the start', () => {
    const rules = (name: string): string[] =>
      (server.get(CLUSTER_ROLES, '', name)?.rules ?? []).flatMap((r) =>
        (r.resources ?? []).map((x) => `${r.verbs[0]} ${x}`),
      );
    expect(rules('view')).toContain('get pods');
    expect(rules('view')).not.toContain('get secrets');
    expect(rules('edit')).toEqual(expect.arrayContaining(['get secrets', 'create deployments', ...rules('view')]));
    expect(rules('admin')).toEqual(expect.arrayContaining(['create rolebindings', ...rules('edit')]));
    expect(rules('edit')).not.toContain('create rolebindings');
    const selector = {
      clusterRoleSelectors: [{ matchLabels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' } }],
    };
    expect(server.get(CLUSTER_ROLES, '', 'view')?.aggregationRule).toEqual(selector);
  });

  it('AUTHZ-8: a start puts back what is missing and keeps what was added', async () => {
    const name = 'system:controller:pod-garbage-collector';
    const before = server.get(CLUSTER_ROLES, '', name) as ClusterRole;
    const own = { verbs: ['get'], apiGroups: ['example.com'], resources: ['widgets'] };
    await put(server, CLUSTER_ROLES, { ...before, rules: [own, ...(before.rules ?? []).slice(1)] });
    await remove(server, CLUSTER_ROLE_BINDINGS, '', name);
    await ensureBootstrapPolicy(server);
    const rules = server.get(CLUSTER_ROLES, '', name)?.rules ?? [];
    expect(rules).toContainEqual(own);
    expect(rules).toContainEqual(before.rules?.[0]);
    expect(server.get(CLUSTER_ROLE_BINDINGS, '', name)?.subjects).toHaveLength(1);
  });

  it('AUTHZ-8: an object that says autoupdate=false is left alone', async () => {
    const before = server.get(CLUSTER_ROLES, '', 'system:discovery') as ClusterRole;
    const annotations = { 'rbac.authorization.kubernetes.io/autoupdate': 'false' };
    await put(server, CLUSTER_ROLES, { ...before, metadata: { ...before.metadata, annotations }, rules: [] });
    await ensureBootstrapPolicy(server);
    expect(server.get(CLUSTER_ROLES, '', 'system:discovery')?.rules).toEqual([]);
  });

  it('AUTHZ-8: a start with nothing to do writes nothing', async () => {
    const { currentRevision } = server.storage;
    await ensureBootstrapPolicy(server);
    expect(server.storage.currentRevision).toBe(currentRevision);
  });

  it('AUTHZ-9: on top, everybody reads the cluster clock, and nodes read services as their proxy', () => {
    expect(may(user('alice'), 'get configmaps kube-system/regatta-clock')).toBe(true);
    expect(may(node('n'), 'watch configmaps kube-system/regatta-clock')).toBe(true);
    expect(may(user('alice'), 'get configmaps kube-system/other')).toBe(false);
    expect(may(node('n'), 'watch endpointslices.discovery.k8s.io')).toBe(true);
    expect(server.get(ROLE_BINDINGS, 'kube-system', 'regatta:cluster-clock-reader')).toBeDefined();
  });
});
