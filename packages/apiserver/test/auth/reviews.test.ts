import { StatusError } from '@regatta/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Auth,
  localSubjectAccessReview,
  selfSubjectAccessReview,
  selfSubjectReview,
  selfSubjectRulesReview,
  subjectAccessReview,
} from '../../src/auth/mod.ts';
import { ROLE_BINDINGS, ROLES } from '../../src/auth/resource-refs.ts';
import { cleanUp, node, openAuth, openServer, put, type TestServer, user } from './fixture.ts';

const RBAC = 'rbac.authorization.k8s.io';
const NO_NAME = { metadata: { name: '' } };

/** The Status of what a call throws. */
function refusal(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    if (error instanceof StatusError) return error.status;
    throw error;
  }
  return undefined;
}

describe('access reviews', () => {
  let server: TestServer;
  let auth: Auth;

  beforeEach(async () => {
    server = await openServer();
    auth = await openAuth(server);
    const rules = [
      { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['pods', 'pods/log'] },
      { verbs: ['get', 'update'], apiGroups: [''], resources: ['configmaps'], resourceNames: ['only'] },
    ];
    await put(server, ROLES, { metadata: { namespace: 'a', name: 'reader' }, rules });
    await put(server, ROLE_BINDINGS, {
      metadata: { namespace: 'a', name: 'alice' },
      roleRef: { apiGroup: RBAC, kind: 'Role', name: 'reader' },
      subjects: [{ kind: 'User', name: 'alice', apiGroup: RBAC }],
    });
  });
  afterEach(cleanUp);

  const allowed = {
    allowed: true,
    reason: 'RBAC: allowed by RoleBinding "alice/a" of Role "reader" to User "alice"',
  };

  it('AUTHZ-11: selectors that cannot be are refused', () => {
    const refused = (resourceAttributes: object): unknown => {
      const status = refusal(() =>
        selfSubjectAccessReview(auth.authorizer, user('u'), { ...NO_NAME, spec: { resourceAttributes } }),
      ) as { message: string } | undefined;
      return status?.message.split('is invalid: ')[1];
    };
    const at = 'spec.resourceAttributes';
    expect(refused({ fieldSelector: {} })).toBe(
      `${at}.fieldSelector.requirements: Required value: when ${at}.fieldSelector is specified, requirements or rawSelector is required`,
    );
    expect(refused({ fieldSelector: { rawSelector: 'a=b', requirements: [{ key: '', operator: 'In' }] } })).toBe(
      `[${at}.fieldSelector.rawSelector: Invalid value: "a=b": may not specified at the same time as requirements, ` +
        `${at}.fieldSelector.requirements[0].key: Required value: must be specified, ` +
        `${at}.fieldSelector.requirements[0].values: Required value: must be specified when \`operator\` is 'In' or 'NotIn']`,
    );
    expect(refused({ labelSelector: { requirements: [{ key: 'a', operator: 'Exists', values: ['x'] }] } })).toBe(
      `${at}.labelSelector.requirements[0].values: Forbidden: may not be specified when \`operator\` is 'Exists' or 'DoesNotExist'`,
    );
    expect(
      refused({ labelSelector: { requirements: [{ key: 'a', operator: 'Newer', values: ['x'] }] } }),
    ).toBeUndefined();
  });

  it('AUTHZ-11: what the caller may do', () => {
    const review = (verb: string): unknown =>
      selfSubjectAccessReview(auth.authorizer, user('alice'), {
        ...NO_NAME,
        spec: { resourceAttributes: { namespace: 'a', verb, resource: 'pods' } },
      }).status;
    expect(review('list')).toEqual(allowed);
    expect(review('delete')).toEqual({ allowed: false });
  });

  it('AUTHZ-11: what somebody else may do', () => {
    const attributes = { namespace: 'a', verb: 'get', resource: 'pods', subresource: 'log' };
    const local = localSubjectAccessReview(auth.authorizer, 'a', {
      metadata: { name: '', namespace: 'a' },
      spec: { user: 'alice', resourceAttributes: attributes },
    });
    expect(local.status).toEqual(allowed);
    const other = subjectAccessReview(auth.authorizer, {
      ...NO_NAME,
      spec: { user: 'bob', nonResourceAttributes: { path: '/healthz', verb: 'get' } },
    });
    expect(other.status).toEqual({ allowed: false });
  });

  it('AUTHZ-11: a field selector counts for nodes', () => {
    const fieldSelector = { requirements: [{ key: 'spec.nodeName', operator: 'In', values: ['n1'] }] };
    const review = subjectAccessReview(auth.authorizer, {
      ...NO_NAME,
      spec: {
        user: 'system:node:n1',
        groups: ['system:nodes'],
        resourceAttributes: { verb: 'list', resource: 'pods', fieldSelector },
      },
    });
    expect(review.status).toEqual({ allowed: true });
  });

  it('AUTHZ-11: an empty review is refused in these words', () => {
    const status = refusal(() => subjectAccessReview(auth.authorizer, { ...NO_NAME, spec: {} }));
    const first = 'Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified';
    const second = 'Invalid value: "": at least one of user or group must be specified';
    expect(status).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: `.authorization.k8s.io "" is invalid: [spec.resourceAttributes: ${first}, spec.user: ${second}]`,
      reason: 'Invalid',
      details: {
        group: 'authorization.k8s.io',
        causes: [
          { reason: 'FieldValueInvalid', message: first, field: 'spec.resourceAttributes' },
          { reason: 'FieldValueInvalid', message: second, field: 'spec.user' },
        ],
      },
      code: 422,
    });
  });

  it('AUTHZ-11: a local review is about its own namespace', () => {
    const call = (): unknown =>
      localSubjectAccessReview(auth.authorizer, 'a', {
        metadata: { name: '', namespace: 'a' },
        spec: { user: 'alice', resourceAttributes: { namespace: 'b', verb: 'get', resource: 'pods' } },
      });
    expect(call).toThrow('spec.resourceAttributes.namespace: Invalid value: "b": must match metadata.namespace');
  });

  it('AUTHZ-12: the rules that apply to the caller in a namespace', () => {
    const review = selfSubjectRulesReview(auth.policy, user('alice'), { ...NO_NAME, spec: { namespace: 'a' } });
    expect(review.status).toEqual({
      resourceRules: [
        { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['pods', 'pods/log'] },
        { verbs: ['get', 'update'], apiGroups: [''], resources: ['configmaps'], resourceNames: ['only'] },
      ],
      nonResourceRules: [],
      incomplete: false,
    });
    expect(() => selfSubjectRulesReview(auth.policy, user('alice'), { ...NO_NAME, spec: {} })).toThrow(
      'no namespace on request',
    );
    expect(
      selfSubjectRulesReview(auth.policy, node('n1'), { ...NO_NAME, spec: { namespace: 'a' } }).status,
    ).toMatchObject({
      incomplete: true,
      evaluationError: 'node authorizer does not support user rule resolution',
    });
  });

  it('AUTHZ-12: who the caller is', () => {
    const alice = { name: 'alice', groups: ['devs', 'system:authenticated'] };
    expect(selfSubjectReview(alice, { metadata: { name: '' } }, '2026-01-01T00:00:00Z')).toEqual({
      metadata: { name: '', creationTimestamp: '2026-01-01T00:00:00Z' },
      status: { userInfo: { username: 'alice', groups: ['devs', 'system:authenticated'] } },
    });
  });
});
