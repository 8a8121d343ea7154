/**
 * Kinds that the recordings don't have: one line a manifest, with what upstream says of it.
 */
import { formatFieldError, type KubeObject } from '@regatta/api';
import { describe, expect, it } from 'vitest';
import { strategies } from '../../src/kinds/mod.ts';
import type { WriteContext } from '../../src/registry/strategy.ts';

const CONTEXT = {} as WriteContext;

interface Parts {
  readonly name?: string;
  readonly spec?: unknown;
  readonly status?: unknown;
}

function object({ name = 'o', spec = {}, status }: Parts): KubeObject {
  return { metadata: { name }, spec, ...(status === undefined ? {} : { status }) } as KubeObject;
}

function created(kind: string, parts: Parts): string[] {
  return (strategies.get(kind)?.validate?.(object(parts), CONTEXT) ?? []).map(formatFieldError);
}

function updated(kind: string, parts: Parts, old: Parts, part: 'validateUpdate' | 'validateStatusUpdate'): string[] {
  return (strategies.get(kind)?.[part]?.(object(parts), object(old), CONTEXT) ?? []).map(formatFieldError);
}

const BUNDLE = 'certificates.k8s.io/clustertrustbundles';
const REQUEST = 'certificates.k8s.io/podcertificaterequests';
const MIGRATION = 'storagemigration.k8s.io/storageversionmigrations';
const VERSION = 'internal.apiserver.k8s.io/storageversions';
const WORKLOAD = 'scheduling.k8s.io/workloads';
const GROUP = 'scheduling.k8s.io/podgroups';
const FLOW = 'flowcontrol.apiserver.k8s.io/flowschemas';
const LEVEL = 'flowcontrol.apiserver.k8s.io/prioritylevelconfigurations';

const block = (type: string, body: string): string => `-----BEGIN ${type}-----\n${body}\n-----END ${type}-----\n`;
const bundleAt = 'spec.trustBundle: Invalid value: "<value omitted>":';
const template = (more: object): object => ({ podGroupTemplates: [{ name: 'a', ...more }] });
const rule = (more: object): object => ({
  priorityLevelConfiguration: { name: 'l' },
  matchingPrecedence: 2,
  rules: [{ subjects: [{ kind: 'User', user: { name: 'u' } }], ...more }],
});
const resources = { verbs: ['get'], apiGroups: [''], resources: ['pods'] };
const inRule = 'spec.rules[0]';

const shownFlow =
  '{"PriorityLevelConfiguration":{"Name":"l"},"MatchingPrecedence":2,"DistinguisherMethod":null,' +
  '"Rules":[{"Subjects":[{"Kind":"User","User":{"Name":"u"},"Group":null,"ServiceAccount":null}],"ResourceRules":' +
  '[{"Verbs":["get"],"APIGroups":[""],"Resources":["pods"],"ClusterScope":true,"Namespaces":null}],' +
  '"NonResourceRules":null}]}';
const shownLevel =
  '{"Type":"Limited","Limited":{"NominalConcurrencyShares":6,"LimitResponse":{"Type":"Reject","Queuing":null},' +
  '"LendablePercent":0,"BorrowingLimitPercent":null},"Exempt":null}';
const reject = (nominalConcurrencyShares: number): object => ({
  type: 'Limited',
  limited: { nominalConcurrencyShares, limitResponse: { type: 'Reject' }, lendablePercent: 0 },
});

const CREATES: readonly (readonly [what: string, kind: string, parts: Parts, expected: readonly string[]])[] = [
  [
    'the flow schema that catches everything, changed',
    FLOW,
    { name: 'catch-all', spec: rule({ resourceRules: [{ ...resources, clusterScope: true }] }) },
    [`spec: Invalid value: ${shownFlow}: spec of 'catch-all' must equal the fixed value`],
  ],
  ['its priority level as it is', LEVEL, { name: 'catch-all', spec: reject(5) }, []],
  [
    'its priority level, changed',
    LEVEL,
    { name: 'catch-all', spec: reject(6) },
    [`spec: Invalid value: ${shownLevel}: spec of 'catch-all' must equal the fixed value`],
  ],
  [
    'what is exempt, with shares',
    LEVEL,
    { name: 'exempt', spec: { type: 'Exempt', exempt: { nominalConcurrencyShares: 3, lendablePercent: 1 } } },
    [],
  ],
  ['a bundle without anchors', BUNDLE, {}, [`${bundleAt} at least one trust anchor must be provided`]],
  [
    'a bundle of something else',
    BUNDLE,
    { spec: { trustBundle: block('KEY', 'AA') + block('CERTIFICATE', 'a: b\n\nAA') + block('CERTIFICATE', 'AA') } },
    [
      `${bundleAt} entry 0 has bad block type: KEY`,
      `${bundleAt} entry 1 has PEM block headers`,
      `${bundleAt} entry 2 does not parse as X.509`,
    ],
  ],
  [
    'a bundle of a signer',
    BUNDLE,
    { spec: { signerName: 'example.com/s', trustBundle: block('KEY', 'AA') } },
    [
      'metadata.name: Invalid value: "o": ClusterTrustBundle for signerName example.com/s must be named with prefix example.com:s:',
      `${bundleAt} entry 0 has bad block type: KEY`,
    ],
  ],
  [
    'a certificate for nobody',
    REQUEST,
    {
      spec: {
        ...{ signerName: 'kubernetes.io/s', podName: 'p', podUID: '1', serviceAccountName: 's' },
        ...{ serviceAccountUID: '1', nodeName: 'n', maxExpirationSeconds: 86_401 },
      },
    },
    [
      'spec.nodeUID: Invalid value: "": must not be empty',
      'spec.maxExpirationSeconds: Invalid value: 86401: must be in the range [3600, 86400]',
    ],
  ],
  ['a migration of nothing', MIGRATION, {}, ['spec.resource.resource: Required value: resource is required']],
  [
    'a version without a group',
    VERSION,
    {
      name: 'pods',
      status: { storageVersions: [{ apiServerID: 'a', encodingVersion: 'a/b/c', decodableVersions: ['/v1'] }] },
    },
    [
      'metadata.name: Invalid value: "pods": name must be in the form of <group>.<resource>',
      "status.storageVersions[0].encodingVersion: Invalid value: \"a/b/c\": an apiVersion is a DNS-1035 label, which must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyVersion')",
      'status.storageVersions[0].decodableVersions[0]: Invalid value: "/v1": group part: must be non-empty',
      'status.storageVersions[0].decodableVersions: Invalid value: ["/v1"]: decodableVersions must include encodingVersion a/b/c',
      'status.commonEncodingVersion: Invalid value: null: the common encoding version is a/b/c',
    ],
  ],
  [
    'a workload without groups',
    WORKLOAD,
    { spec: { controllerRef: { kind: 'Job' } } },
    ['spec.controllerRef.name: Required value', 'spec.podGroupTemplates: Required value: must have at least one item'],
  ],
  [
    'a group without a policy',
    WORKLOAD,
    { spec: template({}) },
    ['spec.podGroupTemplates[0].schedulingPolicy: Invalid value: "": must specify one of: `basic`, `gang`'],
  ],
  [
    'a gang of nobody',
    GROUP,
    { spec: { schedulingPolicy: { gang: { minCount: 0 } } } },
    ['spec.schedulingPolicy.gang.minCount: Required value'],
  ],
  [
    'verbs and namespaces that there aren’t',
    FLOW,
    { spec: rule({ resourceRules: [{ ...resources, verbs: ['got'], namespaces: ['A'] }] }) },
    [
      `${inRule}.resourceRules[0].verbs: Unsupported value: ["got"]: supported values: "create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"`,
      `${inRule}.resourceRules[0].namespaces[0]: Invalid value: "A": each member of this list must be '*' or a DNS-1123 label; a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')`,
    ],
  ],
  [
    'paths that are none',
    FLOW,
    { spec: rule({ nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['x', '/a b', '//', '/*/a', '/a/*', '/'] }] }) },
    [
      `${inRule}.nonResourceRules[0].nonResourceURLs[0]: Invalid value: "x": must start with slash`,
      `${inRule}.nonResourceRules[0].nonResourceURLs[1]: Invalid value: "/a b": must not contain white-space`,
      `${inRule}.nonResourceRules[0].nonResourceURLs[2]: Invalid value: "//": must not contain double slash`,
      `${inRule}.nonResourceRules[0].nonResourceURLs[3]: Invalid value: "/*/a": wildcard can only do suffix matching`,
    ],
  ],
  [
    'a subject of two kinds',
    FLOW,
    {
      spec: rule({
        subjects: [{ kind: 'ServiceAccount', serviceAccount: { name: 'a' }, user: { name: 'u' } }],
        resourceRules: [{ ...resources, namespaces: ['*'] }],
      }),
    },
    [
      `${inRule}.subjects[0].serviceAccount.namespace: Required value: must specify namespace for service account`,
      `${inRule}.subjects[0].user: Forbidden: user is forbidden when subject kind is not 'User'`,
    ],
  ],
  [
    'more hands than a hash deals',
    LEVEL,
    {
      spec: {
        type: 'Limited',
        limited: { limitResponse: { type: 'Queue', queuing: { queues: 70_000, handSize: 4, queueLengthLimit: 1 } } },
      },
    },
    [
      'spec.limited.limitResponse.queuing.handSize: Invalid value: 4: required entropy bits of deckSize 70000 and handSize 4 should not be greater than 60',
    ],
  ],
  [
    'an exemption by another name',
    LEVEL,
    { spec: { type: 'Exempt', exempt: { lendablePercent: 101 } } },
    [
      `spec.type: Invalid value: "Exempt": type must be 'Exempt' if and only if name is 'exempt'`,
      'spec.exempt.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive',
    ],
  ],
];

describe('creates', () => {
  for (const [what, kind, parts, expected] of CREATES) {
    it(`KIND-83: ${what}`, () => expect(created(kind, parts)).toEqual(expected));
  }
});

const condition = (type: string, status = 'True'): object => ({
  ...{ type, status, reason: 'R', message: 'm', lastTransitionTime: '2026-01-01T00:00:00Z' },
});

describe('updates', () => {
  it('KIND-83: what is migrated, grouped or asked for never changes', () => {
    const resource = (name: string): Parts => ({ spec: { resource: { group: '', resource: name } } });
    expect(updated(MIGRATION, resource('pods'), resource('nodes'), 'validateUpdate')).toEqual([
      'resource: Invalid value: "pods": field is immutable',
    ]);
    const gang = (minCount: number): object => ({ schedulingPolicy: { gang: { minCount } } });
    const [refused = ''] = updated(
      WORKLOAD,
      { spec: template(gang(2)) },
      { spec: template(gang(1)) },
      'validateUpdate',
    );
    expect(refused).toMatch(/^spec\.podGroupTemplates: Invalid value: \[\{.*"Name":"a",.*\}\]: field is immutable$/);
  });

  it('KIND-83: a migration that has ended stays so', () => {
    const ended = { status: { resourceVersion: '5', conditions: [condition('Succeeded')] } };
    const again = { status: { resourceVersion: 'x', conditions: [condition('Running')] } };
    const errors = updated(MIGRATION, again, ended, 'validateStatusUpdate').map((text) =>
      text.replace(/\[\{.*\}\]/, '[…]'),
    );
    expect(errors).toEqual([
      'status.resourceVersion: Invalid value: "x": failed to parse resource version "x": strconv.ParseInt: parsing "x": invalid syntax',
      'status.resourceVersion: Invalid value: "x": cannot be updated',
      'status.conditions: Invalid value: […]: Success condition cannot be set to false once it is true',
    ]);
  });

  it('KIND-83: a request for a certificate is answered once', () => {
    const denied = { status: { conditions: [condition('Denied')] } };
    expect(updated(REQUEST, denied, {}, 'validateStatusUpdate')).toEqual([]);
    expect(updated(REQUEST, { status: {} }, denied, 'validateStatusUpdate')).toEqual([
      'status: Invalid value: immutable after PodCertificateRequest is issued, denied, or failed',
    ]);
    expect(updated(REQUEST, { status: { conditions: [condition('Done')] } }, {}, 'validateStatusUpdate')).toEqual([
      'status.conditions.[0].type: Unsupported value: "Done": supported values: "Issued", "Denied", "Failed"',
    ]);
  });
});
