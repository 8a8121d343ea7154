import type { PolicyRule } from '@regatta/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Auth, ensureBootstrapPolicy } from '../../src/auth/mod.ts';
import { uncoveredRules } from '../../src/auth/rbac/coverage.ts';
import { CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES } from '../../src/auth/resource-refs.ts';
import { cleanUp, openAuth, openServer, put, type TestServer, user } from './fixture.ts';

const RBAC = 'rbac.authorization.k8s.io';
const CAROL = user('carol');

describe('RBAC escalation', () => {
  let server: TestServer;
  let auth: Auth;

  beforeEach(async () => {
    server = await openServer();
    auth = await openAuth(server);
    await ensureBootstrapPolicy(server);
    await put(server, CLUSTER_ROLE_BINDINGS, {
      metadata: { name: 'carol' },
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: 'admin' },
      subjects: [{ kind: 'User', name: 'carol' }],
    });
  });
  afterEach(cleanUp);

  const role = (...rules: PolicyRule[]): { metadata: { name: string }; rules: PolicyRule[] } => ({
    metadata: { name: 'esc' },
    rules,
  });
  const binding = (name: string, kind = 'ClusterRole', ...subjects: { kind: string; name: string }[]): object => ({
    metadata: { name: 'esc' },
    roleRef: { apiGroup: RBAC, kind, name },
    subjects,
  });
  const write = (resource: string, object: object, oldObject?: object, who = CAROL): (() => void) => {
    const metadata = { name: 'esc' };
    const old = oldObject && { metadata, ...oldObject };
    return () =>
      auth.escalation.confirm({ resource, namespace: 'a', user: who, object: { metadata, ...object }, oldObject: old });
  };

  it('AUTHZ-10: a role may give only what its writer holds', () => {
    expect(write('roles', role({ verbs: ['*'], apiGroups: [''], resources: ['nodes'] }))).toThrow(
      'roles.rbac.authorization.k8s.io "esc" is forbidden: user "carol" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["nodes"], Verbs:["*"]}',
    );
    write('roles', role({ verbs: ['get', 'delete'], apiGroups: ['apps'], resources: ['deployments'] }))();
  });

  it('AUTHZ-10: a binding may give only a role whose rules its writer holds', () => {
    expect(write('rolebindings', binding('cluster-admin', 'ClusterRole', { kind: 'User', name: 'carol' }))).toThrow(
      'rolebindings.rbac.authorization.k8s.io "esc" is forbidden: user "carol" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:["*"], Resources:["*"], Verbs:["*"]}\n{NonResourceURLs:["*"], Verbs:["*"]}',
    );
    write('rolebindings', binding('view', 'ClusterRole', { kind: 'User', name: 'dave' }))();
    expect(write('rolebindings', binding('none'))).toThrow('clusterrole.rbac.authorization.k8s.io "none" not found');
    expect(write('rolebindings', binding('none', 'Role'))).toThrow('role.rbac.authorization.k8s.io "none" not found');
  });

  it('AUTHZ-10: who may escalate, bind or do everything is not held up', async () => {
    const everything = role({ verbs: ['*'], apiGroups: ['*'], resources: ['*'] });
    write('clusterroles', everything, undefined, user('root', 'system:masters'))();
    const verbs = ['escalate', 'bind'];
    await put(server, CLUSTER_ROLES, {
      metadata: { name: 'free' },
      rules: [{ verbs, apiGroups: [RBAC], resources: ['roles', 'clusterroles'] }],
    });
    await put(server, CLUSTER_ROLE_BINDINGS, {
      metadata: { name: 'free' },
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: 'free' },
      subjects: [{ kind: 'User', name: 'dave' }],
    });
    write('roles', everything, undefined, user('dave'))();
    write('rolebindings', binding('cluster-admin'), undefined, user('dave'))();
  });

  it('AUTHZ-10: an update counts as a whole, unless it is the garbage collector’s alone', () => {
    const everything = role({ verbs: ['*'], apiGroups: ['*'], resources: ['*'] });
    const bound = binding('cluster-admin', 'ClusterRole', { kind: 'User', name: 'x' });
    for (const [resource, old] of [
      ['roles', everything],
      ['rolebindings', bound],
    ] as const) {
      write(resource, { ...old, metadata: { name: 'esc', finalizers: [] } }, old)();
      expect(write(resource, { ...old, metadata: { name: 'esc', labels: { a: 'b' } } }, old)).toThrow(
        'is attempting to grant RBAC permissions not currently held',
      );
    }
  });

  it('AUTHZ-10: only who may do everything may aggregate', () => {
    const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] };
    expect(write('clusterroles', { ...role(), aggregationRule })).toThrow(
      'clusterroles.rbac.authorization.k8s.io "esc" is forbidden: must have cluster-admin privileges to use an aggregationRule',
    );
    expect(write('clusterroles', role(), { ...role(), aggregationRule })).toThrow('must have cluster-admin privileges');
  });
});

describe('coverage of rules', () => {
  const rule = (verbs: string[], resources: string[], more: Partial<PolicyRule> = {}): PolicyRule => ({
    verbs,
    apiGroups: [''],
    resources,
    ...more,
  });

  it.each<[PolicyRule[], PolicyRule[], PolicyRule[]]>([
    [[rule(['get', 'list'], ['pods'])], [rule(['get'], ['pods'])], []],
    [[rule(['get'], ['pods']), rule(['list'], ['pods'])], [rule(['get', 'list'], ['pods'])], []],
    [[rule(['get'], ['pods'])], [rule(['get', 'list', 'watch'], ['pods'])], [rule(['list', 'watch'], ['pods'])]],
    [[rule(['*'], ['*'])], [rule(['get'], ['pods/log'])], []],
    [[rule(['get'], ['*/scale'])], [rule(['get'], ['deployments/scale'])], []],
    [[rule(['get'], ['pods'], { resourceNames: ['x'] })], [rule(['get'], ['pods'])], [rule(['get'], ['pods'])]],
    [[rule(['get'], ['pods'])], [rule(['get'], ['pods'], { resourceNames: ['x'] })], []],
    [[{ verbs: ['get'], nonResourceURLs: ['/api/*'] }], [{ verbs: ['get'], nonResourceURLs: ['/api/v1'] }], []],
  ])('AUTHZ-10: %j covers %j but for %j', (held, wanted, missing) => {
    expect(uncoveredRules(held, wanted)).toEqual(missing);
  });
});
