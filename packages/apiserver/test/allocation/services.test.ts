/**
 * Addresses and ports of Services, through a running server.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareNamespace, type RunningServer, runServer } from '../running-server.ts';

const SERVICES = '/api/v1/namespaces/alloc/services';
const ADDRESSES = '/apis/networking.k8s.io/v1/ipaddresses';

interface Spec {
  readonly clusterIP?: string;
  readonly type?: string;
  readonly ports: readonly {
    readonly port: number;
    readonly nodePort?: number;
    readonly protocol?: string;
    readonly name?: string;
  }[];
  readonly [field: string]: unknown;
}
interface Created {
  readonly message?: string;
  readonly spec: Spec;
}

let running: RunningServer;
beforeAll(async () => {
  running = await runServer();
  await prepareNamespace(running, 'alloc');
});
afterAll(() => running.stop());

async function create(name: string, spec: Spec, query = ''): Promise<Created> {
  return (await running.json('POST', `${SERVICES}${query}`, {
    body: { metadata: { name }, spec },
  })) as unknown as Created;
}

async function exists(path: string): Promise<boolean> {
  return (await running.request('GET', path)).code === 200;
}

async function waitUntil(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}

const tcp = (port: number, nodePort?: number): Spec['ports'][number] => ({ port, ...(nodePort ? { nodePort } : {}) });

describe('cluster IPs', () => {
  it('KIND-11: an address is taken with its IPAddress object, and given back with the Service', async () => {
    const { spec } = await create('own', { ports: [tcp(80)] });
    expect(spec.clusterIP).toMatch(/^10\.(9[6-9]|10\d|11[01])\./);
    const object = await running.json('GET', `${ADDRESSES}/${spec.clusterIP}`);
    expect(object).toMatchObject({
      metadata: { labels: { 'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io' } },
      spec: { parentRef: { resource: 'services', namespace: 'alloc', name: 'own' } },
    });
    await running.request('DELETE', `${SERVICES}/own`);
    await waitUntil(async () => !(await exists(`${ADDRESSES}/${spec.clusterIP}`)));
  });

  it('KIND-11: an address that is taken is refused, also to writes at the same time', async () => {
    const clusterIP = '10.96.77.7';
    const answers = await Promise.all(
      ['a', 'b', 'c'].map((name) => create(`race-${name}`, { clusterIP, ports: [tcp(80)] })),
    );
    expect(answers.filter(({ message }) => message === undefined)).toHaveLength(1);
    const why = `spec.clusterIPs: Invalid value: ["${clusterIP}"]: failed to allocate IP ${clusterIP}: provided IP is already allocated`;
    expect(answers.filter(({ message }) => message?.endsWith(why))).toHaveLength(2);
  });

  it('KIND-11: a Service that is refused keeps nothing', async () => {
    const taken = await create('np-holder', { type: 'NodePort', ports: [tcp(80, 30_900)] });
    expect(taken.message).toBeUndefined();
    const clusterIP = '10.96.77.8';
    const refused = await create('np-loser', { type: 'NodePort', clusterIP, ports: [tcp(80, 30_900)] });
    expect(refused.message).toContain('provided port is already allocated');
    await waitUntil(async () => !(await exists(`${ADDRESSES}/${clusterIP}`)));
  });

  it('KIND-12: a dry run takes nothing', async () => {
    const clusterIP = '10.96.77.9';
    await create('dry', { clusterIP, ports: [tcp(80)] }, '?dryRun=All');
    expect(await exists(`${ADDRESSES}/${clusterIP}`)).toBe(false);
    expect((await create('wet', { clusterIP, ports: [tcp(80)] })).message).toBeUndefined();
  });

  it('KIND-11: a Service that becomes an ExternalName gives its address back', async () => {
    const { spec } = await create('leaving', { ports: [tcp(80)] });
    const body = { spec: { type: 'ExternalName', externalName: 'a.example.com' } };
    await running.request('PATCH', `${SERVICES}/leaving`, { type: 'application/merge-patch+json', body });
    await waitUntil(async () => !(await exists(`${ADDRESSES}/${spec.clusterIP}`)));
  });
});

describe('KIND-44: Service networks', () => {
  const NETWORKS = '/apis/networking.k8s.io/v1/servicecidrs';
  const OTHER_NETWORK = 'the provided network does not match the current range';

  it('are ServiceCIDRs, the own one among them', async () => {
    const own = await running.json('GET', `${NETWORKS}/kubernetes/status`);
    expect(own).toMatchObject({
      spec: { cidrs: ['10.96.0.0/12'] },
      status: { conditions: [{ type: 'Ready', status: 'True', message: 'Kubernetes default Service CIDR is ready' }] },
    });
  });

  it('have given the addresses of the first Services away', async () => {
    for (const clusterIP of ['10.96.0.1', '10.96.0.10']) {
      const { message } = await create('thief', { clusterIP, ports: [tcp(80)] });
      expect(message).toContain(`failed to allocate IP ${clusterIP}: provided IP is already allocated`);
    }
  });

  it('give addresses while they are ready and stay', async () => {
    const clusterIP = '203.0.113.10';
    expect((await create('early', { clusterIP, ports: [tcp(80)] })).message).toContain(OTHER_NETWORK);
    const metadata = { name: 'extra', finalizers: ['example.com/stays'] };
    await running.json('POST', NETWORKS, { body: { metadata, spec: { cidrs: ['203.0.113.0/24'] } } });
    expect((await create('in-time', { clusterIP, ports: [tcp(80)] })).spec.clusterIP).toBe(clusterIP);
    expect((await create('edge', { clusterIP: '203.0.113.0', ports: [tcp(80)] })).message).toContain(
      'the provided IP (203.0.113.0) is not in the valid range. The range of valid IPs is 203.0.113.0/24',
    );
    await running.request('DELETE', `${NETWORKS}/extra`);
    expect((await create('late', { clusterIP: '203.0.113.11', ports: [tcp(80)] })).message).toContain(OTHER_NETWORK);
  });
});

describe('node ports', () => {
  it('KIND-13: a port is unique over all Services, and free again when its Service is gone', async () => {
    const spec: Spec = { type: 'NodePort', ports: [tcp(80, 31_777)] };
    expect((await create('first', spec)).message).toBeUndefined();
    expect((await create('second', spec)).message).toBe(
      'Service "second" is invalid: spec.ports[0].nodePort: Invalid value: 31777: provided port is already allocated',
    );
    await running.request('DELETE', `${SERVICES}/first`);
    expect((await create('third', spec)).message).toBeUndefined();
  });

  it('KIND-13: ports that are chosen come from the dynamic band', async () => {
    const { spec } = await create('chosen', { type: 'NodePort', ports: [tcp(80)] });
    expect(spec.ports[0]?.nodePort).toBeGreaterThanOrEqual(30_086);
    expect(spec.ports[0]?.nodePort).toBeLessThanOrEqual(32_767);
  });

  it('KIND-13: entries of one port share a node port when their protocols differ', async () => {
    const ports = [
      { ...tcp(53), name: 'tcp' },
      { ...tcp(53), name: 'udp', protocol: 'UDP' },
    ];
    const { spec } = await create('dns', { type: 'NodePort', ports });
    expect(spec.ports[0]?.nodePort).toBe(spec.ports[1]?.nodePort);
  });

  it('KIND-13: a load balancer that keeps traffic local gets a health check port', async () => {
    const { spec } = await create('lb', { type: 'LoadBalancer', externalTrafficPolicy: 'Local', ports: [tcp(80)] });
    expect(spec['healthCheckNodePort']).toBeGreaterThanOrEqual(30_000);
  });
});
