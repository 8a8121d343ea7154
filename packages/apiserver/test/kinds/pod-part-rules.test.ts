/**
 * Writes of one part of a Pod: its status, its resources, its ephemeral containers, what a gate leaves open.
 */
import { formatFieldError, type Pod } from '@regatta/api';
import { describe, expect, it } from 'vitest';
import { podStrategy } from '../../src/kinds/core/pod.ts';
import { validateEphemeralContainers } from '../../src/kinds/core/pod-ephemeral-containers.ts';
import { validatePodResize, withResources } from '../../src/kinds/core/pod-resize.ts';
import { validatePodStatus } from '../../src/kinds/core/pod-status.ts';
import { validatePodUpdate } from '../../src/kinds/core/pod-update.ts';
import type { ErrorList } from '../../src/kinds/validation/error-list.ts';

function plain(more: { spec?: object; container?: object; status?: object; annotations?: object } = {}): Pod {
  const container = { name: 'c', image: 'nginx', ...more.container };
  const pod = {
    metadata: { name: 'p', namespace: 'n', annotations: { ...more.annotations } },
    spec: { serviceAccountName: 'default', containers: [container], ...more.spec },
    status: { qosClass: 'BestEffort', ...more.status },
  };
  const made = structuredClone(pod) as Pod;
  podStrategy.applyDefaults?.(made);
  return made;
}

function changed(pod: Pod, change: (copy: Pod) => void): Pod {
  const copy = structuredClone(pod);
  change(copy);
  return copy;
}

const told = ({ errors }: ErrorList): string[] => errors.map(formatFieldError);

describe('KIND-65: a status', () => {
  const over = { state: { terminated: { exitCode: 1 } } };
  const running = { state: { running: {} } };
  const rules = (action: string): object => ({
    restartPolicy: 'Never',
    restartPolicyRules: [{ action, exitCodes: { operator: 'In', values: [1] } }],
  });
  const RESTARTED = (list: string): string =>
    `status.${list}[0].state: Forbidden: may not be transitioned to non-terminated state`;
  const rows: readonly (readonly [what: string, old: Pod, status: object, expected: readonly string[]])[] = [
    [
      'of conditions',
      plain(),
      { conditions: [{ type: 'a b', status: 'True', observedGeneration: -1 }], observedGeneration: -2 },
      [
        'status.conditions[0].observedGeneration: Invalid value: -1: must be a non-negative integer',
        `status.conditions[0].Type: Invalid value: "a b": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
        'status.observedGeneration: Invalid value: -2: must be a non-negative integer',
      ],
    ],
    [
      'of another class, for a node that is settled',
      plain({ spec: { nodeName: 'a' } }),
      { qosClass: 'Burstable', nominatedNodeName: 'b' },
      [
        'status.nominatedNodeName: Forbidden: may not be set on pods that are already bound to a node',
        'status.qosClass: Invalid value: "Burstable": field is immutable',
      ],
    ],
    [
      'of a container that was over for good',
      plain({ spec: { restartPolicy: 'Never' }, status: { containerStatuses: [{ name: 'c', ...over }] } }),
      { containerStatuses: [{ name: 'c', ...running }] },
      [RESTARTED('containerStatuses')],
    ],
    [
      'of a container whose exit starts it again',
      plain({
        spec: { restartPolicy: 'Never' },
        container: rules('Restart'),
        status: { containerStatuses: [{ name: 'c', ...over }] },
      }),
      { containerStatuses: [{ name: 'c', ...running }] },
      [],
    ],
    [
      'of a container that starts all of them again',
      plain({
        container: rules('RestartAllContainers'),
        status: {
          initContainerStatuses: [{ name: 'i', ...over }],
          ephemeralContainerStatuses: [{ name: 'e', ...over }],
        },
      }),
      { initContainerStatuses: [{ name: 'i', ...running }], ephemeralContainerStatuses: [{ name: 'e', ...running }] },
      [RESTARTED('ephemeralContainerStatuses')],
    ],
    [
      'of claims that nobody asked for',
      plain({ spec: { resourceClaims: [{ name: 'a', resourceClaimName: 'x' }] } }),
      {
        resourceClaimStatuses: [{ name: 'a' }, { name: 'a' }, { name: 'b' }],
        extendedResourceClaimStatus: {
          requestMappings: [
            { containerName: 'c', resourceName: 'example.com/gpu', requestName: 'r' },
            { containerName: 'd', resourceName: 'example.com/gpu', requestName: 'r' },
          ],
          resourceClaimName: '',
        },
      },
      [
        'status.resourceClaimStatuses[1].name: Duplicate value: "a"',
        'status.resourceClaimStatuses[2].name: Invalid value: "b": must match the name of an entry in `spec.resourceClaims`',
        'status.extendedResourceClaimStatus.requestMappings[0].resourceName: Invalid value: "example.com/gpu": must match the extended resource name of an entry in spec.initContainers.resources.requests or spec.containers.resources.requests',
        'status.extendedResourceClaimStatus.requestMappings[1].containerName: Invalid value: "d": must match the name of an entry in spec.initContainers.name or spec.containers.name',
        'status.extendedResourceClaimStatus.resourceClaimName: Required value',
      ],
    ],
    [
      'of users and devices',
      plain(),
      {
        containerStatuses: [
          {
            name: 'c',
            user: { linux: { uid: -1, gid: 0 } },
            allocatedResourcesStatus: [
              {
                name: 'gpu',
                resources: [
                  { resourceID: 'a', health: 'Ill' },
                  { resourceID: 'a', health: 'Healthy' },
                ],
              },
            ],
          },
        ],
        ephemeralContainerStatuses: [{ name: 'e', allocatedResourcesStatus: [{ name: 'gpu' }] }],
      },
      [
        'status.containerStatuses[0].user.linux.uid: Invalid value: -1: must be between 0 and 2147483647, inclusive',
        `status.containerStatuses[0].allocatedResourcesStatus[0].name: Invalid value: "gpu": must match one of the container's resource requests`,
        'status.containerStatuses[0].allocatedResourcesStatus[0].resources[0].health: Unsupported value: "Ill": supported values: "Healthy", "Unhealthy", "Unknown"',
        'status.containerStatuses[0].allocatedResourcesStatus[0].resources[1].resourceID: Duplicate value: "a"',
        'status.ephemeralContainerStatuses[0].allocatedResourcesStatus: Forbidden: must not be specified in container status',
      ],
    ],
  ];
  it.each(rows)('%s', (_what, old, status, expected) => {
    const now = changed(old, (copy) => Object.assign(copy.status ?? {}, status));
    expect(told(validatePodStatus(now, old))).toEqual(expected);
  });
});

describe('KIND-66: a resize', () => {
  const sized = (requests: object, more: object = {}): Pod =>
    plain({ container: { resources: { requests } }, status: { qosClass: 'Burstable' }, ...more });
  const cpu = (amount: string) => (pod: Pod) => {
    const [container] = pod.spec.containers;
    if (container) container.resources = { requests: { cpu: amount } };
  };
  const rows: readonly (readonly [string, Pod, (pod: Pod) => void, readonly string[]])[] = [
    ['of cpu', sized({ cpu: '1' }), cpu('2'), []],
    [
      'of a static Pod',
      sized({ cpu: '1' }, { annotations: { 'kubernetes.io/config.mirror': 'x' } }),
      cpu('-1'),
      ['[]: Forbidden: static pods cannot be resized'],
    ],
    [
      'of a Pod on Windows',
      sized({ cpu: '1' }, { spec: { os: { name: 'windows' } } }),
      cpu('2'),
      ['[]: Forbidden: windows pods cannot be resized'],
    ],
    [
      'on a node that cannot',
      sized(
        { cpu: '1' },
        { status: { qosClass: 'Burstable', containerStatuses: [{ name: 'c', state: { running: {} } }] } },
      ),
      cpu('-1'),
      [
        'spec.containers[0].resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0',
        'spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing',
        'spec: Forbidden: Pod running on node without support for resize',
      ],
    ],
    [
      'that takes the resources of the Pod away',
      sized({ cpu: '1' }, { spec: { resources: { requests: { cpu: '2' } } } }),
      (pod) => delete pod.spec.resources,
      ['spec.resources: Forbidden: pod-level resources cannot be removed'],
    ],
    [
      'of an init container that would start again',
      sized(
        { cpu: '1' },
        {
          spec: {
            initContainers: [
              { name: 'i', image: 'x', resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }] },
            ],
          },
        },
      ),
      (pod) => {
        const [init] = pod.spec.initContainers ?? [];
        if (init) init.resources = { requests: { memory: '1Mi', 'ephemeral-storage': '1' } };
      },
      [
        `spec.initContainers[0].resizePolicy[0].restartPolicy: Invalid value: "RestartContainer": must not be set to 'RestartContainer' for non-sidecar initContainers`,
        'spec.initContainers[0]: Forbidden: only cpu and memory resources for init or sidecar containers are mutable',
        'spec.initContainers[0]: Forbidden: non-sidecar init containers with a resize policy of RestartContainer cannot be resized',
      ],
    ],
    [
      'without init containers',
      sized({ cpu: '1' }, { spec: { initContainers: [{ name: 'i', image: 'x' }] } }),
      (pod) => delete pod.spec.initContainers,
      ['spec.initContainers: Forbidden: initContainers may not be added or removed on resize'],
    ],
    [
      'of the image, which is passed over',
      sized({ cpu: '1' }),
      (pod) => Object.assign(pod.spec, { hostname: 'h' }),
      [],
    ],
  ];
  it.each(rows)('%s', (_what, old, change, expected) => {
    expect(told(validatePodResize(withResources(old, changed(old, change)), old))).toEqual(expected);
  });
});

describe('KIND-67: ephemeral containers', () => {
  it('of a static Pod are refused, whatever they are', () => {
    const old = plain({ annotations: { 'kubernetes.io/config.mirror': 'x' } });
    const now = changed(old, (pod) => Object.assign(pod.spec, { ephemeralContainers: [{ name: '' }] }));
    expect(told(validateEphemeralContainers(now, old))).toEqual([
      '[]: Forbidden: static pods do not support ephemeral containers',
    ]);
  });

  it('go by the rules of the whole Pod', () => {
    const ephemeralContainers = [
      { name: 'e', image: 'x', terminationMessagePolicy: 'File', imagePullPolicy: 'Always' },
    ];
    const old = plain({ spec: { ephemeralContainers } });
    const now = changed(old, (pod) =>
      Object.assign(pod.spec, { ephemeralContainers: [{ ...ephemeralContainers[0], name: 'c' }] }),
    );
    expect(told(validateEphemeralContainers(now, old))).toEqual([
      'spec.ephemeralContainers[0].name: Duplicate value: "c"',
      'spec.ephemeralContainers: Forbidden: existing ephemeral containers "e" may not be removed\n',
    ]);
  });
});

describe('KIND-5: a gated Pod', () => {
  const affinity = (...values: string[]): object => ({
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'k', operator: 'In', values }] }],
      },
    },
  });
  const gated = plain({ spec: { schedulingGates: [{ name: 'g' }], affinity: affinity('a') } });

  it('tells terms that changed as upstream holds them', () => {
    const now = changed(gated, (pod) => Object.assign(pod.spec, { affinity: affinity('b') }));
    expect(told(validatePodUpdate(now, gated))).toEqual([
      'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0]: Invalid value: {"MatchExpressions":[{"Key":"k","Operator":"In","Values":["b"]}],"MatchFields":null}: only additions are allowed (no mutations or deletions)',
    ]);
  });

  it('may be given an affinity to nodes where it had none', () => {
    const old = plain({ spec: { schedulingGates: [{ name: 'g' }] } });
    const now = changed(old, (pod) => Object.assign(pod.spec, { affinity: affinity('b') }));
    expect(told(validatePodUpdate(now, old))).toEqual([]);
  });
});
