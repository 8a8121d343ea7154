import { describe, expect, it } from 'vitest';
import { announce, TestNetwork, textFrom } from '../support/test-network.ts';

const HTTP = [{ name: 'http', port: 8080, protocol: 'TCP' }];
const PORTS = [{ name: 'http', port: 80, nodePort: 30080, protocol: 'TCP' }];

/** Two machines; a Pod on each that says `near` or `far`, and a client on the first. */
function twoMachines() {
  const cluster = new TestNetwork();
  const [here, there] = [cluster.machine(1), cluster.machine(2)];
  const [client, near, far] = [here.allocate(), here.allocate(), there.allocate()];
  announce(here, near, 8080, 'near');
  announce(there, far, 8080, 'far');
  const ask = async (ip: string, port: number): Promise<string> => textFrom(await here.connect(client, { ip, port }));
  const asked = async (times: number, ip: string, port: number): Promise<Set<string>> => {
    const answers = new Set<string>();
    for (let i = 0; i < times; i++) answers.add(await ask(ip, port));
    return answers;
  };
  const endpoint = (ip: string, nodeName: string, conditions = { ready: true }) => ({
    addresses: [ip],
    nodeName,
    conditions,
  });
  return { cluster, here, there, client, near, far, ask, asked, endpoint };
}

describe('connections through Services', () => {
  it('NET-1: a ClusterIP, an external IP, a load balancer and NodePorts of all nodes spread over the ready endpoints', async () => {
    const { cluster, near, far, asked, endpoint } = twoMachines();
    const service = cluster.service('web', { clusterIP: '10.96.0.7', externalIPs: ['198.51.100.1'], ports: PORTS });
    cluster.services.set({ ...service, status: { loadBalancer: { ingress: [{ ip: '203.0.113.5' }] } } });
    const unready = endpoint('10.244.2.99', 'node-2', { ready: false });
    cluster.slice('web', [endpoint(near, 'node-1'), endpoint(far, 'node-2'), unready], HTTP);
    const both = new Set(['near', 'far']);
    for (const ip of ['10.96.0.7', '198.51.100.1', '203.0.113.5']) expect(await asked(20, ip, 80)).toEqual(both);
    for (const ip of ['192.168.49.2', '192.168.49.3']) expect(await asked(20, ip, 30080)).toEqual(both);
  });

  it('NET-2: without ready endpoints those that end and still serve are taken; without any it refuses', async () => {
    const { cluster, near, far, asked, ask } = twoMachines();
    cluster.service('web', { clusterIP: '10.96.0.7', ports: PORTS });
    await expect(ask('10.96.0.7', 80)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    cluster.slice(
      'web',
      [
        { addresses: [near], conditions: { ready: false, serving: true, terminating: true } },
        { addresses: [far], conditions: { ready: false, serving: false, terminating: true } },
      ],
      HTTP,
    );
    expect(await asked(10, '10.96.0.7', 80)).toEqual(new Set(['near']));
  });

  it('NET-3: what is nobody is unreachable, and a port without a listener refuses', async () => {
    const { ask, client } = twoMachines();
    await expect(ask('10.9.9.9', 80)).rejects.toMatchObject({ code: 'EHOSTUNREACH' });
    await expect(ask(client, 81)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await expect(ask('10.244.2.77', 81)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('NET-4: session affinity keeps a client at its endpoint until its time is over or the endpoint goes', async () => {
    const { cluster, near, far, asked, endpoint } = twoMachines();
    const spec = { clusterIP: '10.96.0.7', ports: PORTS, sessionAffinity: 'ClientIP' };
    cluster.service('web', { ...spec, sessionAffinityConfig: { clientIP: { timeoutSeconds: 3600 } } });
    cluster.slice('web', [endpoint(near, 'node-1'), endpoint(far, 'node-2')], HTTP);
    const [kept, ...others] = await asked(20, '10.96.0.7', 80);
    expect(others).toEqual([]);
    const other = kept === 'near' ? endpoint(far, 'node-2') : endpoint(near, 'node-1');
    cluster.slice('web', [other], HTTP);
    expect(await asked(5, '10.96.0.7', 80)).toEqual(new Set([kept === 'near' ? 'far' : 'near']));
  });

  it('NET-5: policies of Local take endpoints of one node, and drop where the others have them', async () => {
    const { cluster, near, far, asked, ask, endpoint } = twoMachines();
    const local = {
      clusterIP: '10.96.0.7',
      ports: PORTS,
      internalTrafficPolicy: 'Local',
      externalTrafficPolicy: 'Local',
    };
    cluster.service('web', local);
    cluster.slice('web', [endpoint(near, 'node-1'), endpoint(far, 'node-2')], HTTP);
    expect(await asked(10, '10.96.0.7', 80)).toEqual(new Set(['near']));
    expect(await asked(10, '192.168.49.3', 30080)).toEqual(new Set(['far']));
    expect(await asked(20, '192.168.49.2', 30080)).toEqual(new Set(['near', 'far']));
    cluster.slice('web', [endpoint(far, 'node-2')], HTTP);
    await expect(ask('10.96.0.7', 80)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
  });

  it('NET-6: ports are matched by name over several slices', async () => {
    const { cluster, here, near, ask } = twoMachines();
    announce(here, near, 9090, 'metrics');
    cluster.service('web', {
      clusterIP: '10.96.0.7',
      ports: [...PORTS, { name: 'metrics', port: 9000, protocol: 'TCP' }],
    });
    cluster.slice('web', [{ addresses: [near] }], HTTP, 'a');
    cluster.slice('web', [{ addresses: [near] }], [{ name: 'metrics', port: 9090, protocol: 'TCP' }], 'b');
    expect(await ask('10.96.0.7', 80)).toBe('near');
    expect(await ask('10.96.0.7', 9000)).toBe('metrics');
  });

  it('NET-7: a Service that changes or goes is known at once', async () => {
    const { cluster, near, ask } = twoMachines();
    const service = cluster.service('web', { clusterIP: '10.96.0.7', ports: PORTS });
    cluster.slice('web', [{ addresses: [near] }], HTTP);
    expect(await ask('10.96.0.7', 80)).toBe('near');
    cluster.service('web', { clusterIP: '10.96.0.8', ports: PORTS });
    expect(await ask('10.96.0.8', 80)).toBe('near');
    await expect(ask('10.96.0.7', 80)).rejects.toMatchObject({ code: 'EHOSTUNREACH' });
    cluster.services.delete(service);
    await expect(ask('192.168.49.3', 30080)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('NET-8: a host port leads to its Pod, by protocol and address, while it lives', async () => {
    const { here, near, client } = twoMachines();
    here.mapPorts(near, [{ hostIp: '192.168.49.2', hostPort: 8001, containerPort: 8080, protocol: 'TCP' }]);
    here.mapPorts(client, [{ hostIp: '127.0.0.1', hostPort: 8001, containerPort: 7070, protocol: 'TCP' }]);
    announce(here, client, 7070, 'client');
    expect(await textFrom(await here.connect(client, { ip: '192.168.49.2', port: 8001 }))).toBe('near');
    expect(await textFrom(await here.connect(here.nodeIp, { ip: '127.0.0.1', port: 8001 }))).toBe('client');
    here.release(near);
    await expect(here.connect(client, { ip: '192.168.49.2', port: 8001 })).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    });
  });
});
