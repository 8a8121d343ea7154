/**
 * What is wrong with a Pod, beyond what the recordings show: change of a plain Pod → what upstream tells of it.
 */
import { formatFieldError, type Pod, type PodSpec } from '@regatta/api';
import { describe, expect, it } from 'vitest';
import { podStrategy } from '../../src/kinds/core/pod.ts';
import { validatePod } from '../../src/kinds/core/pod-validation.ts';

function plain(): Pod {
  return {
    metadata: { name: 'p', namespace: 'n' },
    spec: { serviceAccountName: 'default', containers: [{ name: 'c', image: 'nginx:1' }] },
  };
}

function made(spec: object, container: object = {}): Pod {
  const pod = plain();
  Object.assign(pod.spec, structuredClone(spec));
  Object.assign(pod.spec.containers[0] ?? {}, structuredClone(container));
  podStrategy.applyDefaults?.(pod);
  return pod;
}

const told = (pod: Pod): string[] => validatePod(pod).errors.map(formatFieldError);

const PVC = { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'v' } }] };
const DEVICE = { volumeDevices: [{ name: 'v', devicePath: '/dev/x' }] };
const AFFINITY = (values: string[]): object => ({
  nodeSelectorTerms: [{ matchExpressions: [{ key: 'k', operator: 'In', values }] }],
});

type Row = readonly [what: string, spec: object, container: object, expected: readonly string[]];

const ROWS: readonly Row[] = [
  [
    'namespaces of the host beside those of a user',
    { hostUsers: false, hostPID: true, hostIPC: true, ...PVC },
    DEVICE,
    [
      'spec.HostPID: Forbidden: when `hostUsers` is false',
      'spec.HostIPC: Forbidden: when `hostUsers` is false',
      'spec.containers[0].volumeDevices: Forbidden: when `hostUsers` is false',
    ],
  ],
  [
    'processes shared twice',
    { hostPID: true, shareProcessNamespace: true },
    {},
    [
      'spec.securityContext.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled',
    ],
  ],
  [
    'a host name given twice',
    { hostnameOverride: 'h', hostNetwork: true, setHostnameAsFQDN: true },
    {},
    [
      'spec.hostnameOverride: Forbidden: may not be specified when setHostnameAsFQDN is true',
      'spec.hostnameOverride: Forbidden: may not be specified when hostNetwork is true',
    ],
  ],
  [
    'values that no label has, where a node must match',
    {
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: AFFINITY(['a', '-b']),
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 1, preference: { matchExpressions: [{ key: 'k', operator: 'In', values: ['-b'] }] } },
          ],
        },
      },
    },
    {},
    [
      `spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values[1]: Invalid value: "-b": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`,
    ],
  ],
  [
    'a value that is not asked for',
    { tolerations: [{ key: 'k', operator: 'Exists', value: 'v' }] },
    {},
    [`spec.tolerations[0].operator: Invalid value: "v": value must be empty when \`operator\` is 'Exists'`],
  ],
  [
    'a policy for labels of volumes that v1.36 leaves off',
    { securityContext: { seLinuxChangePolicy: 'MountOption' } },
    {},
    ['spec.securityContext.seLinuxChangePolicy: Unsupported value: "MountOption": supported values: "Recursive"'],
  ],
  [
    'profiles of no type that has one',
    {},
    { securityContext: { seccompProfile: { type: 'Unconfined', localhostProfile: 'x' } } },
    [
      'spec.containers[0].securityContext.seccompProfile.localhostProfile: Invalid value: {"Type":"Unconfined","LocalhostProfile":"x"}: can only be set when seccomp type is Localhost',
    ],
  ],
  [
    'variables from files in volumes of another kind',
    PVC,
    { env: [{ name: 'A', valueFrom: { fileKeyRef: { volumeName: 'v', path: '../x', key: '' } } }] },
    [
      'spec.containers[0].env[0].valueFrom.fileKeyRef.key: Required value',
      `spec.containers[0].env[0].valueFrom.fileKeyRef.path: Invalid value: "../x": must not contain '..'`,
      'spec.containers[0].env[0].valueFrom.fileKeyRef.volumeName: Invalid value: "v": referenced volume must be of type emptyDir',
    ],
  ],
  [
    'an init container that resizing would start again',
    {
      initContainers: [
        { name: 'i', image: 'x', resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }] },
        { name: 'j', image: 'x', restartPolicyRules: [{ action: 'Restart' }] },
      ],
    },
    {},
    [
      `spec.initContainers[0].resizePolicy[0].restartPolicy: Invalid value: "RestartContainer": must not be set to 'RestartContainer' for non-sidecar initContainers`,
      'spec.initContainers[1].restartPolicy: Required value: must specify restartPolicy when restart rules are used',
      'spec.initContainers[1].restartPolicyRules[0].exitCodes: Required value: must be specified',
    ],
  ],
  ['no system at all, and fields that Windows lacks', { os: { name: '' } }, {}, ['spec.os.name: Required value']],
  [
    'a driver without a name',
    { volumes: [{ name: 'v', csi: { driver: '' } }] },
    {},
    ['spec.volumes[0].csi.driver: Required value'],
  ],
  [
    'claims that are neither made nor named',
    { resourceClaims: [{ name: 'a' }, { name: 'b', resourceClaimName: 'x', resourceClaimTemplateName: 'y' }] },
    {},
    [
      'spec.resourceClaims[0]: Invalid value: {"Name":"a","ResourceClaimName":null,"ResourceClaimTemplateName":null}: must specify one of: `resourceClaimName`, `resourceClaimTemplateName`',
      'spec.resourceClaims[1]: Invalid value: {"Name":"b","ResourceClaimName":"x","ResourceClaimTemplateName":"y"}: at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified',
    ],
  ],
  [
    'less for the Pod than for its containers',
    {
      resources: { requests: { cpu: '1', 'hugepages-2Mi': '2Mi' }, limits: { memory: '1Gi', 'hugepages-2Mi': '2Mi' } },
      initContainers: [{ name: 'side', image: 'x', restartPolicy: 'Always', resources: { requests: { cpu: '600m' } } }],
    },
    { resources: { requests: { cpu: '500m' }, limits: { memory: '2Gi', 'hugepages-2Mi': '4Mi' } } },
    [
      'spec.resources.requests: Invalid value: "2Gi": must be less than or equal to memory limit of 1Gi',
      'spec.resources.requests[cpu]: Invalid value: "1": must be greater than or equal to aggregate container requests of 1100m',
      'spec.resources.requests[hugepages-2Mi]: Invalid value: "2Mi": must be greater than or equal to aggregate container requests of 4Mi',
      'spec.resources.limits[hugepages-2Mi]: Invalid value: "2Mi": must be greater than or equal to aggregate container limits of 4Mi',
      'spec.resources.containers[0][hugepages-2Mi].limits: Invalid value: "4Mi": must be less than or equal to pod limits of 2Mi',
      'spec.resources.containers[0][memory].limits: Invalid value: "2Gi": must be less than or equal to pod limits of 1Gi',
    ],
  ],
  [
    'resources of a Pod on Windows',
    { os: { name: 'windows' }, resources: { requests: { gpu: '1' } } },
    {},
    ['spec.resources: Forbidden: may not be set for a windows pod'],
  ],
];

describe('refused', () => {
  for (const [what, spec, container, expected] of ROWS) {
    it(`KIND-63: ${what}`, () => expect(told(made(spec, container))).toEqual(expected));
  }
});

describe('features that are off', () => {
  it('KIND-62: leave nothing of their fields', () => {
    const { spec } = made(
      {
        schedulingGroup: { podGroupName: 'g' },
        volumes: [
          {
            name: 'v',
            projected: { sources: [{ clusterTrustBundle: { path: 'p' } }, { podCertificate: { keyType: 'k' } }] },
          },
        ],
        initContainers: [{ name: 'i', image: 'x', lifecycle: { stopSignal: 'SIGHUP' } }],
      },
      { lifecycle: { stopSignal: 'SIGHUP', preStop: { sleep: { seconds: 1 } } } },
    );
    const expected: Partial<PodSpec> = { volumes: [{ name: 'v', projected: { sources: [{}, {}], defaultMode: 420 } }] };
    expect(spec).toMatchObject(expected);
    expect(spec.schedulingGroup).toBeUndefined();
    expect(spec.initContainers?.[0]?.lifecycle).toBeUndefined();
    expect(spec.containers[0]?.lifecycle).toEqual({ preStop: { sleep: { seconds: 1 } } });
  });
});

describe('KIND-71: warnings', () => {
  const item = (path: string): object => ({ key: 'k', path });
  it.each([
    [
      { configMap: { name: 'm', items: [item('a/b/'), item('a'), item('ab')] } },
      ['(ConfigMap "m"): overlapping paths: "a" with "a/b"'],
    ],
    [{ secret: { secretName: 's', items: [item('a'), item('a')] } }, ['(Secret "s"): overlapping paths: "a" with "a"']],
    [
      {
        projected: {
          sources: [
            { serviceAccountToken: { path: 'token' } },
            {},
            { configMap: { name: 'm', items: [item('token')] } },
          ],
        },
      },
      [
        '(Projected) has no sources provided',
        '(Projected): overlapping paths: "token" (ConfigMap "m") with "token" (ServiceAccountToken)',
      ],
    ],
  ])('tell of files over each other: %j', (volume, expected) => {
    const pod = made({ volumes: [{ name: 'v', ...volume }] });
    expect(podStrategy.warnings?.(pod, undefined)).toEqual(expected.map((text) => `volume "v" ${text}`));
  });

  it('tell of each constraint in its turn', () => {
    const constraint = (topologyKey: string): object => ({
      maxSkew: 1,
      whenUnsatisfiable: 'DoNotSchedule',
      topologyKey,
    });
    const old = 'failure-domain.beta.kubernetes.io/zone';
    const pod = made({ topologySpreadConstraints: [constraint(old), constraint(old)] });
    const at = (i: number): string[] => [
      `spec.topologySpreadConstraints[${i}].topologyKey: ${old} is deprecated since v1.17; use "topology.kubernetes.io/zone" instead`,
      `spec.topologySpreadConstraints[${i}].labelSelector: a null labelSelector results in matching no pod`,
    ];
    expect(podStrategy.warnings?.(pod, undefined)).toEqual([...at(0), ...at(1)]);
  });

  it('tell of values that no node can have, where a node need not match, and of the label of masters', () => {
    const preferredDuringSchedulingIgnoredDuringExecution = [
      {
        weight: 1,
        preference: { matchExpressions: [{ key: 'node-role.kubernetes.io/master', operator: 'In', values: ['-b'] }] },
      },
    ];
    const pod = made({ affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution } } });
    const at =
      'spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0]';
    expect(podStrategy.warnings?.(pod, undefined)).toEqual([
      `${at}.key: node-role.kubernetes.io/master is use "node-role.kubernetes.io/control-plane" instead`,
      expect.stringContaining(`${at}.values[0]: -b is invalid, a valid label must be an empty string or consist of`),
    ]);
  });
});
