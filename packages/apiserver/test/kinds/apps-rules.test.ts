/**
 * What is wrong with StatefulSets, DaemonSets, Deployments and ControllerRevisions, beyond what the recordings show.
 */
import { type ControllerRevision, type DaemonSet, formatFieldError, type StatefulSet } from '@regatta/api';
import { describe, expect, it } from 'vitest';
import { controllerRevisionStrategy } from '../../src/kinds/apps/controller-revision.ts';
import { daemonSetStrategy } from '../../src/kinds/apps/daemon-set.ts';
import { statefulSetStrategy } from '../../src/kinds/apps/stateful-set.ts';

const LABELS = { app: 'a' };
const REQUEST = { server: undefined } as never;

function workload(spec: object, template: object = {}): object {
  return {
    metadata: { name: 'w', namespace: 'n' },
    spec: {
      selector: { matchLabels: LABELS },
      template: { metadata: { labels: LABELS }, spec: { containers: [{ name: 'c', image: 'x' }], ...template } },
      ...spec,
    },
  };
}

function statefulSet(spec: object = {}, template: object = {}): StatefulSet {
  const set = structuredClone(workload(spec, template)) as StatefulSet;
  statefulSetStrategy.applyDefaults?.(set);
  return set;
}

function daemonSet(spec: object): DaemonSet {
  const set = structuredClone(workload(spec)) as DaemonSet;
  daemonSetStrategy.applyDefaults?.(set);
  return set;
}

const ofNew = (set: StatefulSet): string[] =>
  (statefulSetStrategy.validate?.(set, REQUEST) ?? []).map(formatFieldError);
const ofChange = (set: StatefulSet, old: StatefulSet): string[] =>
  (statefulSetStrategy.validateUpdate?.(set, old, REQUEST) ?? []).map(formatFieldError);
const ofDaemons = (set: DaemonSet): string[] =>
  (daemonSetStrategy.validate?.(set, REQUEST) ?? []).map(formatFieldError);

describe('KIND-68: StatefulSets', () => {
  it('name their Pods, so that names in the template are nothing', () => {
    expect(ofNew(statefulSet({}, { hostname: 'A B', subdomain: 'C D' }))).toEqual([]);
  });

  it('tell wrong annotations of the template twice, as upstream checks them twice', () => {
    const set = statefulSet();
    Object.assign(set.spec.template.metadata ?? {}, { annotations: { 'a b': 'c' } });
    const [first, second, ...others] = ofNew(set);
    expect(first).toContain('spec.template.annotations: Invalid value: "a b"');
    expect(second).toBe(first);
    expect(others).toEqual([]);
  });

  it('tell a strategy as upstream holds it', () => {
    const updateStrategy = { type: 'OnDelete', rollingUpdate: { partition: 2 } };
    expect(ofNew(statefulSet({ updateStrategy }))).toEqual([
      `spec.updateStrategy.rollingUpdate: Invalid value: {"Partition":2,"MaxUnavailable":null}: only allowed for updateStrategy 'RollingUpdate'`,
    ]);
  });

  it('check claims before counters', () => {
    const volumeClaimTemplates = [{ metadata: { name: 'v' }, spec: { accessModes: ['ReadWriteOnce'] } }];
    expect(ofNew(statefulSet({ replicas: -1, volumeClaimTemplates }))).toEqual([
      'spec.volumeClaimTemplates[0].spec.resources[storage]: Required value',
      'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    ]);
  });

  it('leave alone what was stored before a rule: the name of the service, claims, a template that was wrong', () => {
    const volumeClaimTemplates = [{ metadata: { name: 'v' }, spec: {} }];
    const old = statefulSet({ serviceName: 'A_B', volumeClaimTemplates }, { dnsPolicy: 'Never' });
    const now = statefulSet({ serviceName: 'A_B', volumeClaimTemplates, replicas: 3 }, { dnsPolicy: 'Never' });
    expect(ofChange(now, old)).toEqual([]);
  });
});

describe('DaemonSets', () => {
  it.each([
    ['5x', ['maxUnavailable: Invalid value: "5x"', 'cannot be 0 when maxSurge is 0']],
    ['5', ['maxUnavailable: Invalid value: "5"']],
  ])('KIND-68: count %s as Go reads it', (maxUnavailable, expected) => {
    const errors = ofDaemons(
      daemonSet({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable } } }),
    );
    expect(errors).toEqual(expected.map((part) => expect.stringContaining(part)));
  });

  it('KIND-68: tell a strategy as upstream holds it', () => {
    const errors = ofDaemons(daemonSet({ updateStrategy: { type: 'Never', rollingUpdate: {} } }));
    expect(errors).toEqual([
      'spec.updateStrategy: Unsupported value: {"Type":"Never","RollingUpdate":{"MaxUnavailable":0,"MaxSurge":0}}: supported values: "RollingUpdate", "OnDelete"',
    ]);
  });
});

describe('KIND-68: ControllerRevisions', () => {
  it.each([
    [undefined, 'data: Required value: data is mandatory'],
    ['text', 'data: Required value: data must be a valid JSON object'],
    [[1], 'data: Required value: data must be a valid JSON object'],
  ])('hold %j', (data, expected) => {
    const revision = { metadata: { name: 'r' }, data, revision: -1 } as unknown as ControllerRevision;
    expect((controllerRevisionStrategy.validate?.(revision, REQUEST) ?? []).map(formatFieldError)).toEqual([
      'revision: Invalid value: -1: must be greater than or equal to 0',
      expected,
    ]);
  });
});
