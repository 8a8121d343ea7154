/** Which rule of an audit policy fits, and what a policy file must be. */
import { describe, expect, it } from 'vitest';
import { auditVerdict } from '../../src/audit/audit-policy.ts';
import { DEFAULT_AUDIT_POLICY } from '../../src/audit/default-policy.ts';
import { parseAuditPolicy } from '../../src/audit/policy-file.ts';
import { requestInfo } from '../../src/server/request-info.ts';

const ALICE = { name: 'alice', groups: ['guests', 'system:authenticated'] };

function levelOf(rule: string, method: string, url: string, user = ALICE): string {
  const text = `apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- {level: Metadata, ${rule}}\n`;
  return auditVerdict(parseAuditPolicy(text, 'test'), user, requestInfo(method, url)).level;
}

const POD = '/api/v1/namespaces/a/pods/p';

describe('audit policy', () => {
  it.each([
    ['users: [alice]', 'GET', POD, 'Metadata'],
    ['users: [bob]', 'GET', POD, 'None'],
    ['userGroups: [guests, others]', 'GET', POD, 'Metadata'],
    ['verbs: [get]', 'DELETE', POD, 'None'],
    ['namespaces: [a]', 'GET', POD, 'Metadata'],
    ['namespaces: [""]', 'GET', '/api/v1/nodes/n', 'Metadata'],
    ['namespaces: [a]', 'GET', '/healthz', 'None'],
    ['resources: [{group: "", resources: [pods]}]', 'GET', POD, 'Metadata'],
    ['resources: [{group: "", resources: [pods]}]', 'GET', `${POD}/log`, 'None'],
    ['resources: [{group: "", resources: [pods/*]}]', 'GET', `${POD}/log`, 'Metadata'],
    ['resources: [{group: "", resources: ["*/log"]}]', 'GET', `${POD}/log`, 'Metadata'],
    ['resources: [{group: apps}]', 'GET', '/apis/apps/v1/namespaces/a/deployments', 'Metadata'],
    ['resources: [{group: "", resources: [pods], resourceNames: [q]}]', 'GET', POD, 'None'],
    ['nonResourceURLs: ["/health*"]', 'GET', '/healthz', 'Metadata'],
    ['nonResourceURLs: ["/health*"]', 'GET', POD, 'None'],
    ['nonResourceURLs: ["*"]', 'GET', '/any', 'Metadata'],
  ])('AUD-5: %s for %s %s is %s%s', (rule, method, url, level) => {
    expect(levelOf(rule, method, url)).toBe(level);
  });

  it.each([
    ['kind: Policy\nrules: [{level: None}]', 'it must be of apiVersion audit.k8s.io/v1 and kind Policy'],
    ['apiVersion: audit.k8s.io/v1\nkind: Policy', 'it needs at least one rule'],
    [
      'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: All}]',
      'rules[0].level must be one of None, Metadata, Request, RequestResponse',
    ],
    [
      'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: None, verb: get}]',
      'rules[0] has an unknown field "verb"',
    ],
    [
      'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: None, nonResourceURLs: [/a], namespaces: [b]}]',
      'rules[0].nonResourceURLs: rules cannot apply to both regular resources and non-resource URLs',
    ],
    [
      'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: None, omitStages: [Done]}]',
      'rules[0].omitStages: "Done" is none of RequestReceived, ResponseStarted, ResponseComplete, Panic',
    ],
  ])('AUD-5: %j is refused', (text, why) => {
    expect(() => parseAuditPolicy(text, 'p.yaml')).toThrow(
      expect.objectContaining({ code: 'audit-policy', message: `the audit policy p.yaml: ${why}` }),
    );
  });

  it.each([
    ['POST', '/api/v1/namespaces/a/secrets'],
    ['POST', '/api/v1/namespaces/a/configmaps'],
    ['POST', '/api/v1/namespaces/a/serviceaccounts/default/token'],
    ['POST', '/apis/authentication.k8s.io/v1/tokenreviews'],
    ['POST', '/regatta/v1/guests'],
  ])('AUD-8: by default the body of %s %s is never written', (method, url) => {
    expect(auditVerdict(DEFAULT_AUDIT_POLICY, ALICE, requestInfo(method, url)).level).toBe('Metadata');
  });

  it('AUD-8: by default components are not written, what people write is, with its body', () => {
    const level = (name: string, groups: string[]): string =>
      auditVerdict(DEFAULT_AUDIT_POLICY, { name, groups }, requestInfo('PUT', POD)).level;
    expect(level('system:node:n', ['system:nodes'])).toBe('None');
    expect(level('system:serviceaccount:kube-system:x', ['system:serviceaccounts:kube-system'])).toBe('None');
    expect(level('system:kube-scheduler', [])).toBe('None');
    expect(level('alice', [])).toBe('Request');
  });
});
