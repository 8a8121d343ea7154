import { type AddressInfo, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { AddressPool } from '../../src/network/address-pool.ts';
import type { Connection } from '../../src/network/connection.ts';
import { RECEIVE_LIMIT } from '../../src/network/datagram-socket.ts';
import { TestNetwork, textFrom } from '../support/test-network.ts';

function machine() {
  const cluster = new TestNetwork();
  const network = cluster.machine(1);
  const [client, server] = [network.allocate(), network.allocate()];
  return { cluster, network, client, server };
}

describe('connections', () => {
  it('NET-10: one direction may end before the other', async () => {
    const { network, client, server } = machine();
    network.listen(server, 80, async (connection) => connection.end((await textFrom(connection)).toUpperCase()));
    const connection = await network.connect(client, { ip: server, port: 80 });
    connection.end('hello');
    expect(await textFrom(connection)).toBe('HELLO');
  });

  it('NET-11: an end that closes ends the other, unless bytes are lost; a Pod that goes resets', async () => {
    const { network, client, server } = machine();
    const accepted: Connection[] = [];
    network.listen(server, 80, (connection) => accepted.push(connection));
    const first = await network.connect(client, { ip: server, port: 80 });
    accepted[0]?.destroy();
    expect(await textFrom(first)).toBe('');
    const broken = new Promise((resolve) => first.once('error', resolve));
    first.write('x');
    expect(await broken).toMatchObject({ code: 'EPIPE' });
    const unread = await network.connect(client, { ip: server, port: 80 });
    unread.write('nobody reads this');
    accepted[1]?.destroy();
    await expect(textFrom(unread)).rejects.toMatchObject({ code: 'ECONNRESET' });
    const second = await network.connect(client, { ip: server, port: 80 });
    network.release(server);
    await expect(textFrom(second)).rejects.toMatchObject({ code: 'ECONNRESET' });
    await expect(network.connect(client, { ip: server, port: 80 })).rejects.toMatchObject({ code: 'EHOSTUNREACH' });
  });

  it('NET-12: a writer waits for the reader', async () => {
    const { network, client, server } = machine();
    const accepted: Connection[] = [];
    network.listen(server, 80, (connection) => accepted.push(connection));
    const connection = await network.connect(client, { ip: server, port: 80 });
    const chunk = Buffer.alloc(64 * 1024);
    let written = 0;
    while (connection.write(chunk) && written < 100) written++;
    expect(written).toBeLessThan(5);
    const drained = new Promise((resolve) => connection.once('drain', resolve));
    accepted[0]?.resume();
    await drained;
  });

  it('NET-13: what listens on loopback only its own Pod reaches', async () => {
    const { network, client, server } = machine();
    network.listen(server, 80, (connection) => connection.end('mine'), '127.0.0.1');
    await expect(network.connect(client, { ip: server, port: 80 })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(await textFrom(await network.connect(server, { ip: '127.0.0.1', port: 80 }))).toBe('mine');
  });

  it('NET-14: an address is given to one Pod at a time, and not again at once', () => {
    const pool = new AddressPool();
    pool.setRange('10.0.0.0/29');
    const all = [1, 2, 3, 4, 5].map(() => pool.allocate());
    expect(all).toEqual(['10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.6']);
    expect(() => pool.allocate()).toThrow('no IP addresses available in range set');
    pool.release('10.0.0.3');
    expect(pool.allocate()).toBe('10.0.0.3');
  });
});

describe('the machine that all this runs on', () => {
  it('NET-18: no address leads a Pod to it', async () => {
    const { network, client } = machine();
    let reached = 0;
    const server = createServer(() => reached++);
    await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
    const { port } = server.address() as AddressInfo;
    const addresses = Object.values(networkInterfaces()).flatMap(
      (entries) => entries?.map(({ address }) => address) ?? [],
    );
    for (const ip of ['127.0.0.1', 'localhost', '127.1.2.3', '0.0.0.0', '::1', network.nodeIp, ...addresses]) {
      await expect(network.connect(client, { ip, port })).rejects.toMatchObject({
        code: expect.stringMatching(/^E(CONNREFUSED|HOSTUNREACH)$/),
      });
    }
    server.close();
    expect(reached).toBe(0);
  });
});

describe('datagrams', () => {
  it('NET-20: they reach the socket at their address, also on another machine, and answers find back', async () => {
    const { cluster, network, client } = machine();
    const other = cluster.machine(2);
    const far = other.allocate();
    const server = other.openSocket(far, 8081);
    const socket = network.openSocket(client, 0, { connectedTo: { ip: far, port: 8081 } });
    await socket.send({ ip: far, port: 8081 }, Buffer.from('ping'));
    const [first] = await take(server.datagrams, 1);
    expect(String(first?.bytes)).toBe('ping');
    await server.send(first?.from ?? far0, Buffer.from('pong'));
    expect((await take(socket.datagrams, 1)).map(({ bytes }) => String(bytes))).toEqual(['pong']);
  });

  it('NET-21: a port without a socket is refused', async () => {
    const { network, client, server } = machine();
    const socket = network.openSocket(client, 0);
    await expect(socket.send({ ip: server, port: 9 }, Buffer.from('x'))).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    });
  });

  it('NET-22: through a Service, the answer comes from the address that was asked', async () => {
    const { cluster, network, client, server } = machine();
    cluster.service('echo', { clusterIP: '10.96.0.9', ports: [{ port: 81, protocol: 'UDP' }] });
    cluster.slice('echo', [{ addresses: [server] }], [{ name: '', port: 8081, protocol: 'UDP' }]);
    const echo = network.openSocket(server, 8081);
    const service = { ip: '10.96.0.9', port: 81 };
    const socket = network.openSocket(client, 0, { connectedTo: service });
    await socket.send(service, Buffer.from('hi'));
    const [got] = await take(echo.datagrams, 1);
    await echo.send(got?.from ?? far0, Buffer.from('hi'));
    expect((await take(socket.datagrams, 1))[0]?.from).toEqual(service);
  });

  it('NET-23: a full receive buffer loses what comes', async () => {
    const { network, client, server } = machine();
    const receiver = network.openSocket(server, 9);
    const socket = network.openSocket(client, 0);
    for (let i = 0; i < RECEIVE_LIMIT + 10; i++) await socket.send({ ip: server, port: 9 }, Buffer.from(`${i}`));
    const received = take(receiver.datagrams, RECEIVE_LIMIT + 1);
    receiver.close();
    expect(await received).toHaveLength(RECEIVE_LIMIT);
  });
});

const far0 = { ip: '', port: 0 };

async function take<T>(source: AsyncIterable<T>, count: number): Promise<T[]> {
  const taken: T[] = [];
  for await (const item of source) {
    taken.push(item);
    if (taken.length === count) break;
  }
  return taken;
}
