import { StatusError } from '@regatta/api';
import { describe, expect, it } from 'vitest';
import type { Authorizer, RequestAttributes, UserInfo } from '../../src/auth/identity.ts';
import { Impersonation, MAX_CALLERS } from '../../src/server/impersonation.ts';

const ALICE: UserInfo = { name: 'alice', groups: ['system:authenticated'] };
const AGENT: UserInfo = {
  name: 'system:serviceaccount:ns:agent',
  groups: [],
  extra: { 'authentication.kubernetes.io/node-name': ['n1'] },
};

/** `verb group/resource/subresource namespace/name` of what is asked for. */
function words({ verb, group, resource, subresource, namespace, name }: RequestAttributes): string {
  return `${verb} ${[group, resource, subresource].filter(Boolean).join('/')} ${[namespace, name].filter(Boolean).join('/')}`.trim();
}

function allowing(...rights: string[]): { authorizer: Authorizer; asked: string[] } {
  const asked: string[] = [];
  const authorize = (attributes: RequestAttributes) => {
    asked.push(words(attributes));
    return { verdict: rights.includes(words(attributes)) ? ('allow' as const) : ('no-opinion' as const), reason: '' };
  };
  return { authorizer: { authorize }, asked };
}

function listPods(user: UserInfo): () => RequestAttributes {
  const base = { verb: 'list', isResource: true, path: '', group: '', version: 'v1', subresource: '' };
  return () => ({ ...base, user, resource: 'pods', namespace: 'ns', name: '' });
}

function outcome(impersonation: Impersonation, headers: Record<string, string>, user = ALICE): unknown {
  try {
    return impersonation.of(headers, listPods(user));
  } catch (error) {
    if (error instanceof StatusError) return error.message;
    throw error;
  }
}

const USERS = 'authentication.k8s.io/users';
const ON = 'impersonate-on:user-info:list pods ns';

describe('impersonation', () => {
  it('AUTHZ-13: takes the right to be somebody and the right to do this as somebody', () => {
    const bob = { 'impersonate-user': 'bob' };
    const both = allowing(ON, `impersonate:user-info ${USERS} bob`);
    expect(outcome(new Impersonation(both.authorizer), bob)).toEqual({
      user: { name: 'bob', groups: ['system:authenticated'] },
      constraint: 'impersonate:user-info',
    });
    const first = allowing(ON).authorizer;
    expect(outcome(new Impersonation(first), bob)).toBe(
      'users.authentication.k8s.io "bob" is forbidden: User "alice" cannot impersonate:user-info resource "users" in API group "authentication.k8s.io" at the cluster scope',
    );
    expect(outcome(new Impersonation(allowing().authorizer), bob)).toBe(
      'pods is forbidden: User "alice" cannot impersonate-on:user-info:list resource "pods" in API group "" in the namespace "ns"',
    );
  });

  it('AUTHZ-13: the old right does without constraint, and its way is tried first from then on', () => {
    const { authorizer, asked } = allowing('impersonate users bob');
    const impersonation = new Impersonation(authorizer);
    expect(outcome(impersonation, { 'impersonate-user': 'bob' })).toEqual({
      user: { name: 'bob', groups: ['system:authenticated'] },
    });
    expect(asked).toEqual([ON, 'impersonate users bob']);
    expect(outcome(impersonation, { 'impersonate-user': 'carol' })).toBe(
      'users "carol" is forbidden: User "alice" cannot impersonate resource "users" in API group "" at the cluster scope',
    );
    // Callers that make room are asked in the usual order again.
    for (let i = 0; i < MAX_CALLERS; i++)
      outcome(impersonation, { 'impersonate-user': 'bob' }, { name: `u${i}`, groups: [] });
    asked.length = 0;
    outcome(impersonation, { 'impersonate-user': 'bob' });
    expect(asked[0]).toBe(ON);
  });

  it('AUTHZ-13: nodes and service accounts have ways of their own, with the groups that come with them', () => {
    const node = { 'impersonate-user': 'system:node:n1' };
    const any = allowing(
      'impersonate-on:arbitrary-node:list pods ns',
      'impersonate:arbitrary-node authentication.k8s.io/nodes n1',
    );
    expect(outcome(new Impersonation(any.authorizer), node)).toEqual({
      user: { name: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] },
      constraint: 'impersonate:arbitrary-node',
    });
    const own = allowing(
      'impersonate-on:associated-node:list pods ns',
      'impersonate:associated-node authentication.k8s.io/nodes *',
    );
    expect(outcome(new Impersonation(own.authorizer), node, AGENT)).toMatchObject({
      constraint: 'impersonate:associated-node',
    });
    expect(outcome(new Impersonation(own.authorizer), { 'impersonate-user': 'system:node:n2' }, AGENT)).toContain(
      'arbitrary-node',
    );
    const account = allowing(
      'impersonate-on:serviceaccount:list pods ns',
      'impersonate:serviceaccount authentication.k8s.io/serviceaccounts a/robot',
    );
    expect(
      outcome(new Impersonation(account.authorizer), { 'impersonate-user': 'system:serviceaccount:a:robot' }),
    ).toEqual({
      user: {
        name: 'system:serviceaccount:a:robot',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:a', 'system:authenticated'],
      },
      constraint: 'impersonate:serviceaccount',
    });
  });

  it('AUTHZ-13: groups, uid and extra fields are rights each; system:masters is nobody under constraint', () => {
    const headers = { 'impersonate-user': 'bob', 'impersonate-uid': 'u', 'impersonate-extra-acme.com%2fteam': 'red' };
    const of = (what: string): string => `impersonate:user-info authentication.k8s.io/${what}`;
    const rights = [ON, of('users bob'), of('uids u'), of('groups devs'), of('userextras/acme.com/team red')];
    const acting = outcome(new Impersonation(allowing(...rights).authorizer), {
      ...headers,
      'impersonate-group': 'devs',
    });
    expect(acting).toMatchObject({ user: { uid: 'u', extra: { 'acme.com/team': ['red'] } } });
    const masters = { 'impersonate-user': 'bob', 'impersonate-group': 'system:masters' };
    expect(outcome(new Impersonation(allowing(...rights).authorizer), masters)).toContain(
      'impersonating the system:masters group is not allowed',
    );
    const many = { 'impersonate-user': 'bob', 'impersonate-group': 'a,b,c,d' };
    const all = allowing(ON, of('users bob'), of('groups *')).authorizer;
    expect(outcome(new Impersonation(all), many)).toMatchObject({
      user: { groups: ['a', 'b', 'c', 'd', 'system:authenticated'] },
    });
    const odd = outcome(new Impersonation(allowing(...rights).authorizer), {
      'impersonate-user': 'bob',
      'impersonate-extra-%zz': 'x',
    });
    expect(odd).toContain('impersonating an invalid key in extra is not allowed');
  });
});
