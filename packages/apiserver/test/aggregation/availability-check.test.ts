import type { APIService, EndpointSlice, Service } from '@regatta/api';
import { SystemClock } from '@regatta/runtime';
import { describe, expect, it } from 'vitest';
import { type CheckEnvironment, checkAvailability } from '../../src/aggregation/availability-check.ts';
import { ExtensionClient } from '../../src/aggregation/extension-client.ts';

const API: APIService = {
  metadata: { name: 'v1.x.example.com' },
  spec: {
    group: 'x.example.com',
    version: 'v1',
    service: { name: 'x', namespace: 'n', port: 443 },
    groupPriorityMinimum: 1,
    versionPriority: 1,
  },
};
const SERVICE = {
  metadata: { name: 'x', namespace: 'n' },
  spec: { type: 'ClusterIP', clusterIP: '10.96.0.9', ports: [{ name: 'https', port: 443 }] },
} as Service;
const SLICE: EndpointSlice = {
  metadata: { name: 'x-1' },
  addressType: 'IPv4',
  endpoints: [{ addresses: ['10.244.0.7'], conditions: { ready: true } }],
  ports: [{ name: 'https', port: 8443 }],
};

function check(service: Service | undefined, slices: readonly EndpointSlice[]): ReturnType<typeof checkAvailability> {
  const env: CheckEnvironment = {
    service: () => service,
    endpointSlices: () => slices,
    reach: undefined,
    client: { certificate: '', key: '' },
    extensions: new ExtensionClient(new SystemClock()),
  };
  return checkAvailability(env, API);
}

describe('availability', () => {
  const not = (reason: string, message: string): object => ({ status: 'False', reason, message });

  it('AGG-5: says what is missing, in the words of upstream', async () => {
    expect(await check(undefined, [])).toEqual(not('ServiceNotFound', 'service/x in "n" is not present'));
    const other = { ...SERVICE, spec: { ...SERVICE.spec, ports: [{ port: 80 }] } } as Service;
    expect(await check(other, [SLICE])).toEqual(
      not('ServicePortError', 'service/x in "n" is not listening on port 443'),
    );
    expect(await check(SERVICE, [])).toEqual(
      not('EndpointsNotFound', 'cannot find endpointslices for service/x in "n"'),
    );
    const unready = { ...SLICE, endpoints: [{ addresses: ['10.244.0.7'], conditions: { ready: false } }] };
    const missing = 'endpointslices for service/x in "n" have no addresses with port name "https"';
    expect(await check(SERVICE, [unready])).toEqual(not('MissingEndpoints', missing));
    expect(await check(SERVICE, [{ ...SLICE, ports: [{ name: 'http', port: 8443 }] }])).toEqual(
      not('MissingEndpoints', missing),
    );
  });

  it('AGG-5: a Service that cannot be reached fails the discovery check', async () => {
    const url = 'https://10.96.0.9:443/apis/x.example.com/v1';
    const why = 'services can only be reached over the bus';
    expect(await check(SERVICE, [SLICE])).toEqual(
      not('FailedDiscoveryCheck', `failing or missing response from ${url}: Get "${url}": ${why}`),
    );
  });
});
