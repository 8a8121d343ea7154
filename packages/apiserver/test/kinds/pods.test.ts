/**
 * What becomes of Pods beyond what the recordings show: updates, status, deletion.
 */
import type { Pod } from '@regatta/api';
import { describe, expect, it } from 'vitest';
import { podStrategy } from '../../src/kinds/core/pod.ts';
import { imageTag } from '../../src/kinds/core/pod-spec/image-name.ts';
import { qosClass } from '../../src/kinds/core/pod-spec/qos.ts';
import { validatePodStatus } from '../../src/kinds/core/pod-status.ts';
import { validatePodUpdate } from '../../src/kinds/core/pod-update.ts';

function pod(change: (pod: Pod) => void = () => {}): Pod {
  const made: Pod = {
    metadata: { name: 'p', namespace: 'n' },
    spec: { serviceAccountName: 'default', containers: [{ name: 'c', image: 'nginx:1' }] },
    status: { phase: 'Running', qosClass: 'BestEffort' },
  };
  podStrategy.applyDefaults?.(made);
  change(made);
  return made;
}

function updateErrors(change: (pod: Pod) => void, before: (pod: Pod) => void = () => {}): string[] {
  const old = pod(before);
  const now = structuredClone(old);
  change(now);
  return validatePodUpdate(now, old).errors.map(({ field, detail }) => `${field}: ${detail.split('\n')[0]}`);
}

describe('updates of Pods', () => {
  it('KIND-5: images, deadlines and added tolerations may change', () => {
    expect(
      updateErrors(({ spec }) => {
        for (const container of spec.containers) container.image = 'nginx:2';
        spec.activeDeadlineSeconds = 5;
        spec.tolerations = [{ key: 'a', operator: 'Exists' }];
      }),
    ).toEqual([]);
  });

  it('KIND-5: nothing else may', () => {
    const why =
      'spec: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';
    expect(updateErrors(({ spec }) => (spec.nodeName = 'elsewhere'))).toEqual([why]);
  });

  it('KIND-5: containers come and go with their Pod', () => {
    expect(updateErrors(({ spec }) => spec.containers.push({ ...spec.containers[0], name: 'd' }))).toEqual([
      'spec.containers: pod updates may not add or remove containers',
    ]);
  });

  it('KIND-5: a toleration stays', () => {
    const tolerate = ({ spec }: Pod): void => {
      spec.tolerations = [{ key: 'a', operator: 'Exists' }];
    };
    expect(updateErrors(({ spec }) => delete spec.tolerations, tolerate)).toEqual([
      'spec.tolerations: existing toleration can not be modified except its tolerationSeconds',
    ]);
  });

  it('KIND-5: a gated Pod may be narrowed down, never widened', () => {
    const gated = ({ spec }: Pod): void => {
      spec.schedulingGates = [{ name: 'example.com/g' }];
      spec.nodeSelector = { zone: 'a' };
    };
    expect(updateErrors(({ spec }) => (spec.nodeSelector = { zone: 'a', disk: 'ssd' }), gated)).toEqual([]);
    expect(updateErrors(({ spec }) => delete spec.nodeSelector, gated)).toEqual([
      'spec.nodeSelector: only additions to spec.nodeSelector are allowed (no mutations or deletions)',
    ]);
    expect(updateErrors(({ spec }) => delete spec.schedulingGates, gated)).toEqual([]);
  });
});

describe('status of Pods', () => {
  it('KIND-6: a container that is over stays over when its Pod does not restart', () => {
    const over = pod(({ spec, status }) => {
      spec.restartPolicy = 'Never';
      if (status) status.containerStatuses = [{ ...base, state: { terminated: { exitCode: 0 } } }];
    });
    const again = structuredClone(over);
    if (again.status) again.status.containerStatuses = [{ ...base, state: { running: {} } }];
    expect(validatePodStatus(again, over).errors).toMatchObject([
      { field: 'status.containerStatuses[0].state', detail: 'may not be transitioned to non-terminated state' },
    ]);
  });

  it('KIND-6: the class of service is kept where a kubelet leaves it out', () => {
    const old = pod();
    const now = pod(({ status }) => delete status?.qosClass);
    podStrategy.prepareStatusUpdate?.(now, old, context);
    expect(now.status?.qosClass).toBe('BestEffort');
  });
});

const base = { name: 'c', image: 'nginx:1', imageID: '', ready: false, restartCount: 0 };
// The strategy reads nothing of it here.
const context = {} as Parameters<NonNullable<typeof podStrategy.prepareStatusUpdate>>[2];

describe('deletion of Pods', () => {
  it.each([
    ['no node holds it', undefined, 'Pending', undefined, 0],
    ['it is over', 'n1', 'Succeeded', 60, 0],
    ['nothing is asked', 'n1', 'Running', undefined, 30],
    ['a time is asked', 'n1', 'Running', 5, 5],
    ['a negative time is asked', 'n1', 'Running', -1, 1],
  ])('KIND-7: grace when %s', (_, nodeName, phase, requested, expected) => {
    const subject = pod(({ spec, status }) => {
      if (nodeName) spec.nodeName = nodeName;
      if (status) status.phase = phase;
    });
    expect(podStrategy.gracePeriod?.(subject, requested)).toBe(expected);
  });
});

describe('classes of service', () => {
  const withResources = (limits?: Record<string, string>, requests?: Record<string, string>): string =>
    qosClass({
      containers: [{ name: 'c', resources: { ...(limits ? { limits } : {}), ...(requests ? { requests } : {}) } }],
    });

  it.each([
    [undefined, undefined, 'BestEffort'],
    [undefined, { cpu: '1' }, 'Burstable'],
    [{ cpu: '1' }, { cpu: '1' }, 'Burstable'],
    [{ cpu: '1', memory: '1Gi' }, { cpu: '1000m', memory: '1024Mi' }, 'Guaranteed'],
    [{ cpu: '1', memory: '1Gi' }, { cpu: '500m', memory: '1Gi' }, 'Burstable'],
  ])('KIND-4: limits %j with requests %j are %s', (limits, requests, expected) => {
    expect(withResources(limits, requests)).toBe(expected);
  });
});

describe('image names', () => {
  it.each([
    ['nginx', 'latest'],
    ['nginx:latest', 'latest'],
    ['registry.example.com:5000/a/b', 'latest'],
    ['registry.example.com:5000/a/b:v1', 'v1'],
    [`nginx@sha256:${'a'.repeat(64)}`, ''],
    [`nginx:v1@sha256:${'a'.repeat(64)}`, 'v1'],
    ['Not An Image', ''],
    ['UPPER', ''],
    ['', ''],
  ])('KIND-4: the tag of %j is %j', (image, tag) => {
    expect(imageTag(image)).toBe(tag);
  });
});
