/**
 * What is wrong with objects of the core group, of networks and of storage, and what is warned of, beyond what the
 * recordings show: manifest → what upstream tells of it. Everything goes through a running server, as a dry run.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, prepareNamespace, type RunningServer, runServer } from '../running-server.ts';

const NAMESPACED = (group: string, resource: string): string => `/${group}/namespaces/rules/${resource}`;
const PATHS = {
  services: NAMESPACED('api/v1', 'services'),
  claims: NAMESPACED('api/v1', 'persistentvolumeclaims'),
  volumes: '/api/v1/persistentvolumes',
  nodes: '/api/v1/nodes',
  quotas: NAMESPACED('api/v1', 'resourcequotas'),
  secrets: NAMESPACED('api/v1', 'secrets'),
  coreEvents: NAMESPACED('api/v1', 'events'),
  events: NAMESPACED('apis/events.k8s.io/v1', 'events'),
  endpoints: NAMESPACED('api/v1', 'endpoints'),
  slices: NAMESPACED('apis/discovery.k8s.io/v1', 'endpointslices'),
  policies: NAMESPACED('apis/networking.k8s.io/v1', 'networkpolicies'),
  attachments: '/apis/storage.k8s.io/v1/volumeattachments',
  capacities: NAMESPACED('apis/storage.k8s.io/v1', 'csistoragecapacities'),
} as const;

type Rules = readonly (readonly [kind: keyof typeof PATHS, manifest: object, told: string | readonly string[]])[];
type Changes = readonly (readonly [keyof typeof PATHS, manifest: object, change: object, told: string])[];

let running: RunningServer;
beforeAll(async () => {
  running = await runServer();
  await prepareNamespace(running, 'rules');
});
afterAll(() => running.stop());

const named = (manifest: object): object => ({ metadata: { name: 'x' }, ...manifest });

/** Without what comes before the rules: `Service "x" is invalid: `. */
function toldIn({ text }: Answer): string {
  const { message = '' } = JSON.parse(text) as { readonly message?: string };
  return message.replace(/^\S+ "x" is (invalid|forbidden): /, '').split('\n')[0] ?? '';
}

function warningsIn({ headers }: Answer): string[] {
  const header = [headers['warning'] ?? []].flat().join(', ');
  return [...header.matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) => text.replaceAll('\\"', '"'));
}

const create = (kind: keyof typeof PATHS, manifest: object): Promise<Answer> =>
  running.request('POST', `${PATHS[kind]}?dryRun=All`, { body: named(manifest) });

const service = (spec: object): object => ({ spec: { ports: [{ port: 80 }], ...spec } });
const volume = (spec: object): object => ({
  spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], ...spec },
});
const claim = (spec: object): object => ({
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
});
const event = (more: object): object => ({ regarding: { namespace: 'rules' }, type: 'Normal', ...more });
const reported = {
  eventTime: '2026-01-01T00:00:00.000000Z',
  reportingController: 'c.example.com',
  reportingInstance: 'i',
  action: 'a',
  reason: 'r',
};
const inline = (spec: object): object => ({
  spec: { attacher: 'a', nodeName: 'n', source: { inlineVolumeSpec: { accessModes: ['ReadWriteOnce'], ...spec } } },
});
const slice = (address: string): object => ({ addressType: 'IPv6', endpoints: [{ addresses: [address] }], ports: [] });
const policy = (cidr: string): object => ({ spec: { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr } }] }] } });

const REFUSED: Rules = [
  [
    'services',
    service({ externalIPs: ['010.0.0.1'] }),
    'spec.externalIPs[0]: Invalid value: "010.0.0.1": must not have leading 0s',
  ],
  [
    'services',
    service({ ipFamilyPolicy: 'RequireDualStack' }),
    'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
  ],
  [
    'services',
    service({ ipFamilies: ['IPv6'] }),
    'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster',
  ],
  [
    'services',
    service({ type: 'LoadBalancer', loadBalancerSourceRanges: ['10.0.0.1/8'] }),
    'spec.LoadBalancerSourceRanges[0]: Invalid value: "10.0.0.1/8": must not have bits set beyond the prefix length',
  ],
  [
    'services',
    service({ ports: [], clusterIP: '192.0.2.1' }),
    'spec.clusterIPs: Invalid value: ["192.0.2.1"]: failed to allocate IP 192.0.2.1: the provided network does not match the current range',
  ],
  [
    'volumes',
    volume({ iscsi: { targetPortal: '', iqn: 'wrong', lun: 256 } }),
    '[spec.iscsi.targetPortal: Required value, spec.iscsi.iqn: Invalid value: "wrong": must be valid format, spec.iscsi.lun: Invalid value: 256: must be between 0 and 255, inclusive]',
  ],
  [
    'volumes',
    volume({ csi: { driver: '', volumeHandle: '' } }),
    '[spec.csi.driver: Required value, spec.csi.volumeHandle: Required value]',
  ],
  [
    'volumes',
    volume({ storageos: { volumeName: 'v', secretRef: {} } }),
    '[spec.storageos.secretRef.name: Required value, spec.storageos.secretRef.namespace: Required value]',
  ],
  [
    'volumes',
    volume({ local: { path: '../x' } }),
    `[spec.local.path: Invalid value: "../x": must not contain '..', spec.nodeAffinity: Required value: Local volume requires node affinity]`,
  ],
  [
    'volumes',
    volume({ hostPath: { path: '/a' }, nfs: { path: '/b', server: 's' } }),
    'spec.nfs: Forbidden: may not specify more than 1 volume type',
  ],
  [
    'quotas',
    { spec: { hard: { pods: '-1' } } },
    'spec.hard[pods]: Invalid value: "-1": must be greater than or equal to 0',
  ],
  [
    'nodes',
    { spec: { podCIDRs: ['010.0.0.0/24'] } },
    'spec.podCIDRs[0]: Invalid value: "010.0.0.0/24": must not have leading 0s in IP or prefix length',
  ],
  [
    'capacities',
    { storageClassName: 's', capacity: '-1' },
    'capacity: Invalid value: "-1": must be greater than or equal to 0',
  ],
  [
    'attachments',
    inline({ capacity: { storage: '1Gi' }, nfs: { path: '/', server: 's' } }),
    '[spec.source.inlineVolumeSpec.capacity: Forbidden: may not be specified in the context of inline volumes, spec.source.inlineVolumeSpec.csi: Required value: has to be specified in the context of inline volumes]',
  ],
  [
    'slices',
    slice('::ffff:1.2.3.4'),
    'endpoints[0].addresses[0]: Invalid value: "::ffff:1.2.3.4": must not be an IPv4-mapped IPv6 address',
  ],
];

const STRICT_EVENTS: Rules = [
  ['events', event({ type: '' }), '[eventTime: Required value, type: Invalid value: "": has invalid value: ]'],
  ['events', event({ ...reported, type: 'Odd' }), 'type: Invalid value: "": has invalid value: Odd'],
  ['events', event(reported), ''],
  ['coreEvents', { involvedObject: { namespace: 'rules' }, type: 'Odd' }, ''],
];

const WARNED: Rules = [
  [
    'services',
    service({ externalIPs: ['192.0.2.1'] }),
    ['spec.externalIPs is deprecated and may no longer be implemented in some clusters'],
  ],
  [
    'services',
    service({ clusterIP: 'None', sessionAffinity: 'ClientIP' }),
    ['spec.SessionAffinity is ignored for headless services'],
  ],
  [
    'services',
    service({ trafficDistribution: 'PreferClose' }),
    ['spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"'],
  ],
  [
    'slices',
    slice('2001:DB8:0::1'),
    ['endpoints[0].addresses[0]: IPv6 address "2001:DB8:0::1" should be in RFC 5952 canonical format ("2001:db8::1")'],
  ],
  ['slices', { ...slice(''), addressType: 'FQDN', endpoints: [] }, ['spec.addressType: FQDN endpoints are deprecated']],
  [
    'endpoints',
    { subsets: [{ addresses: [{ ip: '2001:db8:0::1' }] }] },
    [
      'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
      'subsets[0].addresses[0].ip: IPv6 address "2001:db8:0::1" should be in RFC 5952 canonical format ("2001:db8::1")',
    ],
  ],
  [
    'policies',
    policy('2001:DB8::/32'),
    [
      'spec.ingress[0].from[0].ipBlock.cidr: IPv6 CIDR value "2001:DB8::/32" should be in RFC 5952 canonical format ("2001:db8::/32")',
    ],
  ],
];

const CHANGED: Changes = [
  [
    'services',
    service({}),
    { spec: { clusterIP: '10.96.0.77' } },
    'spec.clusterIPs[0]: Invalid value: ["10.96.0.77"]: may not change once set',
  ],
  ['services', service({}), { spec: { type: 'ExternalName', externalName: 'a.b' } }, ''],
  [
    'volumes',
    volume({ hostPath: { path: '/a' } }),
    { spec: { volumeMode: 'Block' } },
    'volumeMode: Invalid value: "Block": field is immutable',
  ],
  [
    'volumes',
    volume({ hostPath: { path: '/a' } }),
    { spec: { hostPath: { path: '/b' } } },
    'spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation',
  ],
  [
    'claims',
    claim({}),
    { spec: { accessModes: ['ReadOnlyMany'] } },
    'spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
  ],
  ['nodes', {}, { spec: { externalID: 'x' } }, 'spec.externalID: Forbidden: may not be updated'],
  ['events', event(reported), { reason: 'other' }, 'reason: Invalid value: "other": field is immutable'],
  [
    'quotas',
    { spec: { hard: { pods: '1' }, scopes: ['BestEffort'] } },
    { spec: { scopes: ['NotBestEffort'] } },
    'spec.scopes: Invalid value: ["NotBestEffort"]: field is immutable',
  ],
  [
    'capacities',
    { storageClassName: 'a' },
    { storageClassName: 'b' },
    'storageClassName: Invalid value: "b": field is immutable',
  ],
  [
    'secrets',
    { immutable: true },
    { immutable: false },
    'immutable: Forbidden: field is immutable when `immutable` is set',
  ],
];

describe('objects that are refused', () => {
  it.each(REFUSED)('KIND-40: %s %j', async (kind, manifest, told) => {
    expect(toldIn(await create(kind, manifest))).toBe(told);
  });

  it.each(STRICT_EVENTS)('KIND-43: %s %j', async (kind, manifest, told) => {
    expect(toldIn(await create(kind, manifest))).toBe(told);
  });

  it('KIND-41: a node port that is taken is refused before all else, alone', async () => {
    const spec = { type: 'NodePort', ports: [{ port: 80, nodePort: 31_999 }] };
    await running.request('POST', PATHS.services, { body: { metadata: { name: 'holder' }, spec } });
    const wrong = { ...spec, sessionAffinity: 'Odd' };
    const answer = await running.request('POST', PATHS.services, { body: named({ spec: wrong }) });
    expect(toldIn(answer)).toBe('spec.ports[0].nodePort: Invalid value: 31999: provided port is already allocated');
  });
});

describe('objects that are warned of', () => {
  it.each(WARNED)('KIND-40: %s %j', async (kind, manifest, told) => {
    const answer = await create(kind, manifest);
    expect([toldIn(answer), warningsIn(answer)]).toEqual(['', told]);
  });
});

describe('changes that are refused', () => {
  it.each(CHANGED)('KIND-14: %s %j to %j', async (kind, manifest, change, told) => {
    await running.request('POST', PATHS[kind], { body: named(manifest) });
    const type = 'application/merge-patch+json';
    const answer = await running.request('PATCH', `${PATHS[kind]}/x?dryRun=All`, { type, body: change });
    expect(toldIn(answer)).toBe(told);
    await running.request('DELETE', `${PATHS[kind]}/x`);
  });
});

describe('KIND-45: finalize', () => {
  const FINALIZE = '/api/v1/namespaces/rules/finalize';
  const put = async (finalizers: string[], labels = {}): Promise<Record<string, unknown>> => {
    const body = { metadata: { name: 'rules', labels }, spec: { finalizers }, status: { phase: 'Terminating' } };
    return running.json('PUT', FINALIZE, { body });
  };

  it('takes a namespace without its status, and only finalizers that mean something', async () => {
    expect(await put(['kubernetes', 'example.com/mine'], { a: 'b' })).toMatchObject({
      metadata: { labels: { a: 'b' } },
      spec: { finalizers: ['kubernetes', 'example.com/mine'] },
      status: { phase: 'Active' },
    });
    expect(await put(['kubernetes', 'mine'])).toMatchObject({
      message:
        'Namespace "rules" is invalid: spec.finalizers[1]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified',
    });
    expect(await put(['kubernetes'])).toMatchObject({ spec: { finalizers: ['kubernetes'] } });
  });
});

describe('KIND-45: a Service that is no load balancer any more', () => {
  it('has nothing from one', async () => {
    const type = 'application/merge-patch+json';
    const manifest = service({ type: 'LoadBalancer' });
    await running.request('POST', PATHS.services, { body: { metadata: { name: 'lb' }, ...manifest } });
    const body = { status: { loadBalancer: { ingress: [{ ip: '203.0.113.1' }] } } };
    const balanced = await running.json('PATCH', `${PATHS.services}/lb/status`, { type, body });
    expect(balanced).toMatchObject({ status: { loadBalancer: { ingress: [{ ip: '203.0.113.1', ipMode: 'VIP' }] } } });
    const plain = await running.json('PATCH', `${PATHS.services}/lb`, { type, body: { spec: { type: 'ClusterIP' } } });
    expect(plain['status']).toEqual({ loadBalancer: {} });
  });
});

describe('KIND-45: the generation of a slice', () => {
  it('counts changes of its labels as well', async () => {
    const type = 'application/merge-patch+json';
    const generationAfter = async (body: object): Promise<unknown> => {
      const { metadata } = await running.json('PATCH', `${PATHS.slices}/counted`, { type, body });
      return (metadata as { readonly generation?: number }).generation;
    };
    const manifest = slice('2001:db8::1');
    await running.request('POST', PATHS.slices, { body: { metadata: { name: 'counted' }, ...manifest } });
    expect(await generationAfter({ metadata: { annotations: { a: 'b' } } })).toBe(1);
    expect(await generationAfter({ metadata: { labels: { a: 'b' } } })).toBe(2);
    expect(await generationAfter({ ports: [{ port: 80 }] })).toBe(3);
  });
});

describe('KIND-42: claims that grow', () => {
  const NO =
    'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize';
  const grow = async (name: string): Promise<string> => {
    const body = { spec: { resources: { requests: { storage: '2Gi' } } } };
    const type = 'application/merge-patch+json';
    return toldIn(await running.request('PATCH', `${PATHS.claims}/${name}`, { type, body })).replace(
      /^.*forbidden: /,
      '',
    );
  };
  const bound = async (name: string, storageClassName: string): Promise<void> => {
    const manifest = claim({ storageClassName, volumeName: 'v' });
    await running.request('POST', PATHS.claims, { body: { metadata: { name }, ...manifest } });
    const body = { status: { phase: 'Bound' } };
    await running.request('PATCH', `${PATHS.claims}/${name}/status`, { type: 'application/merge-patch+json', body });
  };

  it('need a class that lets them', async () => {
    for (const [name, allowVolumeExpansion] of [
      ['grows', true],
      ['stays', false],
    ] as const) {
      const body = { metadata: { name }, provisioner: 'a.example.com', allowVolumeExpansion };
      await running.request('POST', '/apis/storage.k8s.io/v1/storageclasses', { body });
    }
    await bound('of-grows', 'grows');
    await bound('of-stays', 'stays');
    await bound('of-none', '');
    expect(await grow('of-grows')).toBe('');
    expect(await grow('of-stays')).toBe(NO);
    expect(await grow('of-none')).toBe(NO);
  });
});
