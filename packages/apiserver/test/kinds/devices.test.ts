/**
 * Kinds of resource.k8s.io beyond what the recordings show: one line a manifest, with what upstream says of it.
 */
import {
  type DeviceClass,
  type DeviceTaintRule,
  type FieldError,
  formatFieldError,
  type KubeObject,
  type ResourcePoolStatusRequest,
  type ResourceSlice,
  type ResourceV1ResourceClaim,
} from '@regatta/api';
import { beforeAll, describe, expect, it } from 'vitest';
import { deviceClassStrategy } from '../../src/kinds/resource/device-class.ts';
import { poolStatusRequestStrategy } from '../../src/kinds/resource/pool-status-request.ts';
import { resourceClaimStrategy } from '../../src/kinds/resource/resource-claim.ts';
import { resourceSliceStrategy } from '../../src/kinds/resource/resource-slice.ts';
import { deviceTaintRuleStrategy } from '../../src/kinds/resource/taint-rule.ts';
import { conversionOf } from '../../src/registry/conversion.ts';
import type { Strategy, WriteContext } from '../../src/registry/strategy.ts';

const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const NO_REQUEST =
  "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";

/** @param admin whether the namespace is marked for admin access */
function context(admin = false): WriteContext {
  const labels = admin ? { 'resource.kubernetes.io/admin-access': 'true' } : {};
  const server = { get: () => ({ metadata: { name: 'n', labels } }), clock: { now: () => 0 } };
  return { server } as unknown as WriteContext;
}

function texts(errors: FieldError[] | undefined): string[] {
  return (errors ?? []).map(formatFieldError);
}

function created<T extends KubeObject>(strategy: Strategy<T>, spec: unknown, admin = false): string[] {
  const object = { metadata: { name: 'o', namespace: 'n' }, spec: structuredClone(spec) } as unknown as T;
  strategy.applyDefaults?.(object);
  strategy.prepareForCreate?.(object, context(admin));
  return texts(strategy.validate?.(object, context(admin)));
}

type Table = readonly (readonly [what: string, spec: unknown, expected: readonly string[]])[];

function check<T extends KubeObject>(strategy: Strategy<T>, table: Table): void {
  for (const [what, spec, expected] of table) {
    it(`KIND-80: ${what}`, () => expect(created(strategy, spec)).toEqual(expected));
  }
}

beforeAll(() => resourceClaimStrategy.load?.());

const exactly = { deviceClassName: 'gpu.example.com' };
const asks = (request: object): object => ({ devices: { requests: [{ name: 'g', ...request }] } });
const selects = (expression: string): object => asks({ exactly: { ...exactly, selectors: [{ cel: { expression } }] } });
const at = 'spec.devices.requests[0]';

describe('claims', () => {
  check<ResourceV1ResourceClaim>(resourceClaimStrategy, [
    ['one device of a class', asks({ exactly }), []],
    [
      'both ways of asking',
      asks({ exactly, firstAvailable: [{ name: 'a', ...exactly }] }),
      [
        `${at}: Invalid value: null: exactly one of \`exactly\` or \`firstAvailable\` is required, but multiple fields are set`,
      ],
    ],
    [
      'alternatives twice',
      asks({
        firstAvailable: [
          { name: 'a', ...exactly },
          { name: 'a', ...exactly },
        ],
      }),
      [`${at}.firstAvailable[1]: Duplicate value: "a"`],
    ],
    [
      'requests twice',
      {
        devices: {
          requests: [
            { name: 'g', exactly },
            { name: 'g', exactly },
          ],
        },
      },
      ['spec.devices.requests[1]: Duplicate value: "g"'],
    ],
    [
      'a mode that there isn’t',
      asks({ exactly: { ...exactly, allocationMode: 'Some' } }),
      [`${at}.exactly.allocationMode: Unsupported value: "Some": supported values: "All", "ExactCount"`],
    ],
    [
      'a number of all',
      asks({ exactly: { ...exactly, allocationMode: 'All', count: 2 } }),
      [`${at}.exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'`],
    ],
    [
      'less than nothing',
      asks({ exactly: { ...exactly, count: -1 } }),
      [`${at}.exactly.count: Invalid value: -1: must be greater than zero`],
    ],
    ['an expression about the device', selects('device.capacity["gpu"].mem.isGreaterThan(quantity("1Gi"))'), []],
    [
      'an expression that is no condition',
      selects('device.driver'),
      [
        `${at}.exactly.selectors[0].cel.expression: Invalid value: "device.driver": must evaluate to bool or the unknown type, not string`,
      ],
    ],
    [
      'an expression without end',
      selects(
        'device.attributes.all(a, device.attributes.all(b, device.attributes.all(c, device.attributes.all(d, a == b))))',
      ),
      [`${at}.exactly.selectors[0].cel.expression: Forbidden: too complex, exceeds cost limit`],
    ],
    [
      'a toleration',
      asks({ exactly: { ...exactly, tolerations: [{ key: 'k', operator: 'Exists', value: 'v', effect: 'Soon' }] } }),
      [
        `${at}.exactly.tolerations[0].value: Invalid value: "v": must be empty for operator \`Exists\``,
        `${at}.exactly.tolerations[0].effect: Unsupported value: "Soon": supported values: "NoExecute", "NoSchedule", "None"`,
      ],
    ],
    [
      'a constraint about nothing',
      { ...asks({ exactly }), devices: { requests: [{ name: 'g', exactly }], constraints: [{ requests: ['a/b/c'] }] } },
      [
        `spec.devices.constraints[0].requests[0]: Invalid value: "a/b/c": ${NO_REQUEST}`,
        'spec.devices.constraints[0]: Required value: exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set',
      ],
    ],
    [
      'a configuration that is no object',
      {
        devices: {
          requests: [{ name: 'g', exactly }],
          config: [{ requests: ['g'] }, { opaque: { driver: 'd', parameters: 'x' } }],
        },
      },
      [
        'spec.devices.config[0].opaque: Required value',
        'spec.devices.config[1].opaque.parameters: Invalid value: "<value omitted>": must be a valid JSON object',
      ],
    ],
  ]);

  it('KIND-81: devices that others use are for namespaces that are marked', () => {
    const spec = asks({ exactly: { ...exactly, adminAccess: true } });
    expect(created(resourceClaimStrategy, spec, true)).toEqual([]);
    expect(created(resourceClaimStrategy, spec)).toEqual([
      `${at}.adminAccess: Forbidden: admin access to devices requires the \`resource.kubernetes.io/admin-access: true\` label on the containing namespace`,
    ]);
  });

  const claim = (status?: object): ResourceV1ResourceClaim =>
    ({ metadata: { name: 'c' }, spec: asks({ exactly }), ...(status ? { status } : {}) }) as ResourceV1ResourceClaim;
  const result = { request: 'g', driver: 'd', pool: 'p', device: 'x' };
  const allocated = { allocation: { devices: { results: [result] } } };
  const statusErrors = (status: object, old: object = {}): string[] =>
    texts(resourceClaimStrategy.validateStatusUpdate?.(claim(status), claim(old), context()));

  it('KIND-81: the spec never changes, nor what was allocated', () => {
    const now = claim();
    now.spec = asks({ exactly: { ...exactly, count: 3 } });
    expect(texts(resourceClaimStrategy.validateUpdate?.(now, claim(), context()))).toEqual([
      'spec: Invalid value: {"Devices":{"Requests":[{"Name":"g","Exactly":{"DeviceClassName":"gpu.example.com","Selectors":null,"AllocationMode":"","Count":3,"AdminAccess":null,"Tolerations":null,"Capacity":null},"FirstAvailable":null}],"Constraints":null,"Config":null}}: field is immutable',
    ]);
    expect(statusErrors(allocated)).toEqual([]);
    expect(statusErrors({ allocation: {} }, allocated)[0]).toMatch(
      /^status\.allocation: Invalid value: .*: field is immutable$/,
    );
  });

  it('KIND-81: a claim is reserved for those who use it once it is allocated', () => {
    const reservedFor = [{ resource: 'pods', name: 'a', uid: '1' }];
    expect(statusErrors({ reservedFor })).toEqual([
      'status.reservedFor: Forbidden: may not be specified when `allocated` is not set',
    ]);
    expect(statusErrors({ ...allocated, reservedFor: [...reservedFor, { uid: '1' }] })).toEqual([
      'status.reservedFor[1].resource: Required value',
      'status.reservedFor[1].name: Required value',
      'status.reservedFor[1]: Duplicate value: "1"',
    ]);
  });

  it('KIND-81: results name requests, drivers, pools and devices', () => {
    expect(statusErrors({ allocation: { devices: { results: [{ ...result, request: 'h', device: 'X' }] } } })).toEqual([
      `status.allocation.devices.results[0].request: Invalid value: "h": ${NO_REQUEST}`,
      `status.allocation.devices.results[0].device: Invalid value: "X": ${LABEL}`,
    ]);
  });

  it('KIND-81: drivers tell of devices that the claim has, which go with them', () => {
    const device = { driver: 'd', pool: 'p', device: 'x' };
    expect(statusErrors({ ...allocated, devices: [device] })).toEqual([]);
    expect(statusErrors({ devices: [{ ...device, conditions: [{ type: 'Ready', status: 'Yes' }] }] })).toEqual([
      'status.devices[0]: Invalid value: "d/p/x": must be an allocated device in the claim',
      'status.devices[0].conditions[0].status: Unsupported value: "Yes": supported values: "False", "True", "Unknown"',
      'status.devices[0].conditions[0].lastTransitionTime: Required value: must be set',
      'status.devices[0].conditions[0].reason: Required value: must be set',
    ]);
    const freed = claim({ devices: [device] });
    resourceClaimStrategy.prepareStatusUpdate?.(freed, claim({ ...allocated, devices: [device] }), context());
    expect(freed.status).toEqual({});
  });
});

describe('classes', () => {
  check<DeviceClass>(deviceClassStrategy, [
    ['a name of an extended resource', { extendedResourceName: 'example.com/gpu' }, []],
    [
      'a name of our own',
      { extendedResourceName: 'cpu' },
      ['spec.extendedResourceName: Invalid value: "cpu": must be a valid extended resource name'],
    ],
    ['a selector of nothing', { selectors: [{}] }, ['spec.selectors[0].cel: Required value']],
  ]);
});

const pool = { name: 'p', generation: 1, resourceSliceCount: 1 };
const slice = (more: object): object => ({ driver: 'd', pool, nodeName: 'n', ...more });
const has = (device: object): object => slice({ devices: [{ name: 'd0', ...device }] });

describe('slices', () => {
  const shared = (requestPolicy: object): object =>
    has({ allowMultipleAllocations: true, capacity: { mem: { value: '10', requestPolicy } } });
  const policyAt = 'spec.devices[0].capacity[mem].requestPolicy';
  check<ResourceSlice>(resourceSliceStrategy, [
    [
      'on two ways of nodes',
      slice({ allNodes: true }),
      [
        'spec: Invalid value: "{`nodeName`, `allNodes`}": exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required, but multiple fields are set',
      ],
    ],
    [
      'an empty pool',
      { driver: 'd', allNodes: true, pool: { name: 'a/B', generation: -1, resourceSliceCount: 0 } },
      [
        "spec.pool.name: Invalid value: \"B\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        'spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero',
        'spec.pool.generation: Invalid value: -1: must be greater than or equal to zero',
      ],
    ],
    [
      'values of attributes',
      has({
        attributes: { a: {}, b: { string: 's', bool: true }, c: { version: '1' }, d: { string: 'x'.repeat(65) } },
      }),
      [
        'spec.devices[0].attributes[a]: Invalid value: "": exactly one value must be specified',
        'spec.devices[0].attributes[b]: Invalid value: {"IntValue":null,"BoolValue":true,"StringValue":"s","VersionValue":null,"BoolValues":null,"IntValues":null,"StringValues":null,"VersionValues":null}: exactly one value must be specified',
        'spec.devices[0].attributes[c].version: Invalid value: "1": must be a string compatible with semver.org spec 2.0.0',
        'spec.devices[0].attributes[d].string: Too long: may not be more than 64 bytes',
      ],
    ],
    [
      'a policy for one',
      has({ capacity: { mem: { value: '10', requestPolicy: {} } } }),
      [`${policyAt}: Forbidden: allowMultipleAllocations must be true`],
    ],
    [
      'options',
      shared({ default: '3', validValues: ['4', '2', '11', '2'] }),
      [
        `${policyAt}.validValues[1]: Invalid value: "2": values must be sorted in ascending order`,
        `${policyAt}.validValues[3]: Invalid value: "2": values must be sorted in ascending order`,
        `${policyAt}.validValues[2]: Invalid value: "11": option is larger than capacity value: 10`,
        `${policyAt}.validValues[3]: Duplicate value: "2"`,
        `${policyAt}.validValues: Invalid value: "3": default value is not valid according to the requestPolicy`,
      ],
    ],
    [
      'a range in steps',
      shared({ default: '3', validRange: { min: '2', max: '12', step: '2' } }),
      [
        `${policyAt}.validRange.max: Invalid value: "12": max is larger than capacity value: 10`,
        `${policyAt}.validRange.step: Invalid value: "3": value is not a multiple of a given step (2) from (2)`,
      ],
    ],
    [
      'a range without a default',
      shared({ validRange: { min: '1' } }),
      [`${policyAt}.default: Required value: required when validRange is defined`],
    ],
    [
      'taints and counters',
      has({ taints: [{ key: '', effect: 'Never' }], consumesCounters: [{ counterSet: 'a' }] }),
      [
        'spec.devices[0].taints[0].key: Invalid value: "": name part must be non-empty',
        "spec.devices[0].taints[0].key: Invalid value: \"\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        'spec.devices[0].taints[0].effect: Unsupported value: "Never": supported values: "NoExecute", "NoSchedule", "None"',
        'spec.devices[0].consumesCounters[0].counters: Required value',
      ],
    ],
    [
      'a device on nodes of its own',
      has({ nodeName: 'n' }),
      [
        'spec.devices[0]: Invalid value: null: `nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec',
      ],
    ],
    [
      'conditions of failure alone',
      has({ bindingFailureConditions: ['a', 'a'] }),
      [
        'spec.devices[0].bindingFailureConditions[1]: Duplicate value: "a"',
        'spec.devices[0].bindingConditions: Invalid value: null: bindingConditions are required to use bindingFailureConditions',
      ],
    ],
    [
      'more devices than a slice holds',
      slice({ devices: Array.from({ length: 129 }, (_, i) => ({ name: `d${i}` })) }),
      ['spec.devices: Too many: 129: must have at most 128 items'],
    ],
    [
      'counters and devices',
      slice({ devices: [], sharedCounters: [{ name: 'c', counters: {} }] }),
      [
        'spec: Invalid value: "": only one of `sharedCounters` or `devices` is allowed',
        'spec.sharedCounters[0].counters: Required value',
      ],
    ],
  ]);
});

describe('rules and requests', () => {
  check<DeviceTaintRule>(deviceTaintRuleStrategy, [
    ['a taint', { taint: { key: 'k', effect: 'None' } }, []],
    [
      'selectors of nothing',
      { deviceSelector: { driver: '', device: 'D' }, taint: { key: 'k' } },
      [
        'spec.deviceSelector.driver: Required value',
        `spec.deviceSelector.device: Invalid value: "D": ${LABEL}`,
        'spec.taint.effect: Required value',
      ],
    ],
  ]);
  check<ResourcePoolStatusRequest>(poolStatusRequestStrategy, [
    [
      'a limit',
      { limit: 1001 },
      ['spec.driver: Required value: driver name is required', 'spec.limit: Invalid value: 1001: must not exceed 1000'],
    ],
  ]);
});

describe('v1beta1', () => {
  const converts = (kind: string, flat: object, hub: object): void => {
    const conversion = conversionOf('resource.k8s.io/v1beta1', kind, 'resource.k8s.io/v1');
    const metadata = { name: 'o' };
    const of = (version: string, spec: object): KubeObject =>
      ({ apiVersion: `resource.k8s.io/${version}`, kind, metadata, spec }) as KubeObject;
    expect(conversion.toHub(of('v1beta1', flat))).toEqual(of('v1', hub));
    expect(conversion.fromHub(of('v1', hub))).toEqual(of('v1beta1', flat));
  };

  it('KIND-82: requests have the same defaults in every version', () => {
    const { applyDefaults } = conversionOf('resource.k8s.io/v1beta1', 'ResourceClaim', 'resource.k8s.io/v1');
    const flat = [
      { name: 'a', deviceClassName: 'c' },
      { name: 'b', deviceClassName: 'c', allocationMode: 'All' },
    ];
    const requests = [...flat, { name: 'd', firstAvailable: [{ name: 'e', deviceClassName: 'c' }] }];
    const claim = { metadata: { name: 'o' }, spec: { devices: { requests } } };
    applyDefaults?.(claim as KubeObject);
    const [a, b, c] = claim.spec.devices.requests;
    expect([a, b, c]).toEqual([
      { name: 'a', deviceClassName: 'c', allocationMode: 'ExactCount', count: 1 },
      { name: 'b', deviceClassName: 'c', allocationMode: 'All' },
      { name: 'd', firstAvailable: [{ name: 'e', deviceClassName: 'c', allocationMode: 'ExactCount', count: 1 }] },
    ]);
    expect(conversionOf('resource.k8s.io/v1beta2', 'ResourceClaim', 'resource.k8s.io/v1').sameShape).toBe(true);
  });

  it('KIND-82: requests are flat, devices are basic', () => {
    const flat = { devices: { requests: [{ name: 'g', deviceClassName: 'c', count: 1 }, { name: 'h' }] } };
    const hub = { devices: { requests: [{ name: 'g', exactly: { deviceClassName: 'c', count: 1 } }, { name: 'h' }] } };
    converts('ResourceClaim', flat, hub);
    converts('ResourceClaimTemplate', { spec: flat }, { spec: hub });
    const attributes = { a: { int: 1 } };
    converts(
      'ResourceSlice',
      { driver: 'd', devices: [{ name: 'x', basic: { attributes } }] },
      { driver: 'd', devices: [{ name: 'x', attributes }] },
    );
  });
});
