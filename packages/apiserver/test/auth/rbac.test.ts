import type { PolicyRule, Subject } from '@regatta/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Auth } from '../../src/auth/mod.ts';
import { CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS, ROLES } from '../../src/auth/resource-refs.ts';
import { asks, cleanUp, openAuth, openServer, put, remove, type TestServer, user } from './fixture.ts';

const RBAC = 'rbac.authorization.k8s.io';
const ALICE = user('alice');

describe('RBAC', () => {
  let server: TestServer;
  let auth: Auth;

  beforeEach(async () => {
    server = await openServer();
    auth = await openAuth(server);
  });
  afterEach(cleanUp);

  const role = (namespace: string, name: string, ...rules: PolicyRule[]): Promise<unknown> =>
    namespace
      ? put(server, ROLES, { metadata: { namespace, name }, rules })
      : put(server, CLUSTER_ROLES, { metadata: { name }, rules });

  const bind = (
    namespace: string,
    name: string,
    kind: string,
    to: string,
    ...subjects: Subject[]
  ): Promise<unknown> => {
    const roleRef = { apiGroup: RBAC, kind, name: to };
    return namespace
      ? put(server, ROLE_BINDINGS, { metadata: { namespace, name }, roleRef, subjects })
      : put(server, CLUSTER_ROLE_BINDINGS, { metadata: { name }, roleRef, subjects });
  };
  const may = (text: string, who = ALICE): boolean => auth.authorizer.authorize(asks(who, text)).verdict === 'allow';
  const reason = (text: string, who = ALICE): string => auth.authorizer.authorize(asks(who, text)).reason;

  it('AUTHZ-1: members of system:masters may do everything', () => {
    expect(may('delete nodes /x', user('root', 'system:masters'))).toBe(true);
    expect(may('get /metrics', user('root', 'system:masters'))).toBe(true);
    expect(may('get /metrics')).toBe(false);
  });

  it.each<[PolicyRule, string[], string[]]>([
    [
      { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods', 'pods/log'] },
      ['get pods a/x', 'list pods a', 'get pods/log a/x'],
      ['delete pods a/x', 'get pods/exec a/x', 'get pods.metrics.k8s.io a/x', 'get pods b/x'],
    ],
    [
      { verbs: ['get'], apiGroups: [''], resources: ['configmaps'], resourceNames: ['only'] },
      ['get configmaps a/only'],
      ['get configmaps a/other', 'get configmaps a', 'list configmaps a'],
    ],
    [
      { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
      ['deletecollection leases.coordination.k8s.io a', 'get pods/log a/x'],
      [],
    ],
    [
      { verbs: ['get'], apiGroups: ['*'], resources: ['*/scale'] },
      ['get deployments.apps/scale a/x', 'get widgets.example.com/scale a/x'],
      ['get deployments.apps a/x', 'get deployments.apps/status a/x', 'update deployments.apps/scale a/x'],
    ],
  ])('AUTHZ-2: %j', async (rule, allowed, refused) => {
    await role('a', 'r', rule);
    await bind('a', 'b', 'Role', 'r', { kind: 'User', name: 'alice' });
    for (const text of allowed) expect([text, may(text)]).toEqual([text, true]);
    for (const text of refused) expect([text, may(text)]).toEqual([text, false]);
  });

  it('AUTHZ-2: paths match whole, or by their beginning with *', async () => {
    await role('', 'r', { verbs: ['get'], nonResourceURLs: ['/healthz', '/api/*'] });
    await bind('', 'b', 'ClusterRole', 'r', { kind: 'User', name: 'alice' });
    expect(['/healthz', '/api/', '/api/v1'].map((path) => may(`get ${path}`))).toEqual([true, true, true]);
    expect(['/healthz/x', '/api', '/apis'].map((path) => may(`get ${path}`))).toEqual([false, false, false]);
    expect(may('post /healthz')).toBe(false);
  });

  it('AUTHZ-2: subjects are users, groups and service accounts', async () => {
    await role('', 'r', { verbs: ['get'], apiGroups: [''], resources: ['pods'] });
    await bind('', 'g', 'ClusterRole', 'r', { kind: 'Group', name: 'devs' });
    await bind('a', 'own', 'ClusterRole', 'r', { kind: 'ServiceAccount', name: 'robot' });
    await bind('', 'other', 'ClusterRole', 'r', { kind: 'ServiceAccount', name: 'robot', namespace: 'b' });
    expect(may('get pods c/x', user('bob', 'devs'))).toBe(true);
    expect(may('get pods a/x', user('system:serviceaccount:a:robot'))).toBe(true);
    expect(may('get pods c/x', user('system:serviceaccount:a:robot'))).toBe(false);
    expect(may('get pods c/x', user('system:serviceaccount:b:robot'))).toBe(true);
    expect(may('get pods c/x', user('robot'))).toBe(false);
  });

  it('AUTHZ-3: the reason names binding, role and subject as upstream does', async () => {
    await role('a', 'reader', { verbs: ['list'], apiGroups: [''], resources: ['pods'] });
    await role('', 'viewer', { verbs: ['get'], apiGroups: [''], resources: ['nodes'] });
    await bind(
      'a',
      'alice',
      'Role',
      'reader',
      { kind: 'User', name: 'alice' },
      { kind: 'ServiceAccount', name: 'robot' },
    );
    await bind('', 'everybody', 'ClusterRole', 'viewer', { kind: 'Group', name: 'system:authenticated' });
    expect(reason('list pods a')).toBe('RBAC: allowed by RoleBinding "alice/a" of Role "reader" to User "alice"');
    expect(reason('list pods a', user('system:serviceaccount:a:robot'))).toBe(
      'RBAC: allowed by RoleBinding "alice/a" of Role "reader" to ServiceAccount "robot/a"',
    );
    expect(reason('get nodes /x')).toBe(
      'RBAC: allowed by ClusterRoleBinding "everybody" of ClusterRole "viewer" to Group "system:authenticated"',
    );
    expect(reason('delete pods a/x')).toBe('');
  });

  it('AUTHZ-3: a role that is missing is told', async () => {
    await bind('', 'b', 'ClusterRole', 'gone', { kind: 'User', name: 'alice' });
    expect(reason('get pods a/x')).toBe('RBAC: clusterrole.rbac.authorization.k8s.io "gone" not found');
    await bind('a', 'c', 'Role', 'gone', { kind: 'User', name: 'alice' });
    expect(reason('get pods a/x')).toBe(
      'RBAC: [clusterrole.rbac.authorization.k8s.io "gone" not found, role.rbac.authorization.k8s.io "gone" not found]',
    );
  });

  it('AUTHZ-4: every write counts from the moment it is done', async () => {
    await bind('a', 'b', 'Role', 'r', { kind: 'User', name: 'alice' });
    expect(may('get pods a/x')).toBe(false);
    await role('a', 'r', { verbs: ['get'], apiGroups: [''], resources: ['pods'] });
    expect(may('get pods a/x')).toBe(true);
    await bind('a', 'b', 'Role', 'r', { kind: 'User', name: 'bob' });
    expect([may('get pods a/x'), may('get pods a/x', user('bob'))]).toEqual([false, true]);
    await remove(server, ROLE_BINDINGS, 'a', 'b');
    expect(may('get pods a/x', user('bob'))).toBe(false);
  });

  it('AUTHZ-4: what was stored before the start counts', async () => {
    await role('a', 'r', { verbs: ['get'], apiGroups: [''], resources: ['pods'] });
    await bind('a', 'b', 'Role', 'r', { kind: 'User', name: 'alice' });
    const later = await openAuth(server);
    expect(later.authorizer.authorize(asks(ALICE, 'get pods a/x')).verdict).toBe('allow');
  });
});
