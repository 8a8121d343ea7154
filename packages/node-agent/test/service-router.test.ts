import type { EndpointSlice, Node, Service } from '@regatta/api';
import { seededRandom } from '@regatta/runtime';
import { describe, expect, it } from 'vitest';
import { PodNetwork } from '../src/network/pod-network.ts';
import { ServiceRouter } from '../src/network/service-router.ts';

function node(name: string, ip: string, podCIDR: string): Node {
  return { metadata: { name }, spec: { podCIDR }, status: { addresses: [{ type: 'InternalIP', address: ip }] } };
}

const NODES = [node('node-1', '192.168.49.2', '10.244.0.0/24'), node('node-2', '192.168.49.3', '10.244.1.0/24')];
const SERVICE: Service = {
  metadata: { name: 'web', namespace: 'shop' },
  spec: { clusterIP: '10.96.0.7', ports: [{ name: 'http', port: 80, nodePort: 30080, protocol: 'TCP' }] },
};

function setUp(addresses: readonly string[]) {
  const network = new PodNetwork('192.168.49.2');
  network.setRange('10.244.0.0/24');
  const local = network.allocate();
  const reached: string[] = [];
  network.listen(local, 8080, (connection) => {
    reached.push('here');
    connection.destroy();
  });
  const slice: EndpointSlice = {
    metadata: { name: 'web-1', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: [
      ...addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
      { addresses: ['10.244.1.99'], conditions: { ready: false } },
    ],
  };
  const router = new ServiceRouter({
    network,
    nodeName: 'node-1',
    api: { services: async () => [SERVICE], endpointSlices: async () => [slice], allNodes: async () => NODES },
    dial: async (name, _from, { ip, port }) => {
      reached.push(`${name} ${ip}:${port}`);
      return network.deliver('', { ip: local, port: 8080 });
    },
    random: seededRandom(1),
  });
  network.router = (from, to) => router.route(from, to);
  return { network, local, reached };
}

describe('connections that leave a node', () => {
  it('NA-70: a ClusterIP and a NodePort spread over the ready endpoints', async () => {
    const { network, local, reached } = setUp(['10.244.0.2', '10.244.1.5']);
    expect(local).toBe('10.244.0.2');
    for (let i = 0; i < 20; i++) (await network.connect(local, { ip: '10.96.0.7', port: 80 })).destroy();
    for (const ip of ['192.168.49.2', '192.168.49.3']) (await network.connect(local, { ip, port: 30080 })).destroy();
    expect(new Set(reached)).toEqual(new Set(['here', 'node-2 10.244.1.5:8080']));
  });

  it('NA-71: a Service without ready endpoints refuses, an address of nobody is unreachable', async () => {
    const { network, local } = setUp([]);
    await expect(network.connect(local, { ip: '10.96.0.7', port: 80 })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await expect(network.connect(local, { ip: '10.9.9.9', port: 80 })).rejects.toMatchObject({ code: 'EHOSTUNREACH' });
    await expect(network.connect(local, { ip: local, port: 81 })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('NA-72: a Pod of another node is reached through that node', async () => {
    const { network, local, reached } = setUp([]);
    (await network.connect(local, { ip: '10.244.1.7', port: 9000 })).destroy();
    expect(reached[0]).toBe('node-2 10.244.1.7:9000');
  });

  it('NA-73: an address is given to one Pod at a time, and not again at once', () => {
    const network = new PodNetwork('192.168.49.2');
    network.setRange('10.0.0.0/29');
    const all = [1, 2, 3, 4, 5].map(() => network.allocate());
    expect(all).toEqual(['10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.6']);
    expect(() => network.allocate()).toThrow('no IP addresses available in range set');
    network.release('10.0.0.3');
    expect(network.allocate()).toBe('10.0.0.3');
  });
});
