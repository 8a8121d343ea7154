import { describe, expect, it } from 'vitest';
import { decodeMessage, encodeMessage, type RecordType } from '../../src/network/dns/message.ts';
import { ContainerResolver } from '../../src/network/dns/resolver.ts';
import { recordData } from '../../src/programs/network/record-text.ts';
import { CLUSTER_DNS, TestNetwork } from '../support/test-network.ts';

const RESOLV_CONF = `search shop.svc.cluster.local svc.cluster.local cluster.local\nnameserver ${CLUSTER_DNS}\noptions ndots:5\n`;
const HTTP = [{ name: 'http', port: 8080, protocol: 'TCP' }];

function setUp(files: Readonly<Record<string, string>> = {}) {
  const cluster = new TestNetwork();
  const network = cluster.machine(1);
  const ip = network.allocate();
  const texts: Readonly<Record<string, string>> = {
    '/etc/hosts': `127.0.0.1\tlocalhost\n10.1.2.3\tfoo.remote bar.remote # two\n`,
    '/etc/resolv.conf': RESOLV_CONF,
    ...files,
  };
  const readFile = (path: string): string | undefined => texts[path];
  const resolver = new ContainerResolver({ network, ip, clock: cluster.clock.real, readFile });
  const ask = async (name: string, type: RecordType = 'A'): Promise<string[]> => {
    const { rcode, answers } = await resolver.query(name, type);
    return answers.length > 0 ? answers.map((record) => `${record.type} ${recordData(record)}`).sort() : [rcode];
  };
  return { cluster, network, ip, resolver, ask };
}

function shop(cluster: TestNetwork): void {
  cluster.service('web', {
    clusterIP: '10.96.0.7',
    ports: [
      { name: 'http', port: 80, protocol: 'TCP' },
      { name: 'dns', port: 53, protocol: 'UDP' },
    ],
  });
  cluster.slice('web', [{ addresses: ['10.244.1.5'] }], HTTP);
  cluster.service('db', { clusterIP: 'None', ports: [{ name: 'http', port: 80, protocol: 'TCP' }] });
  cluster.slice(
    'db',
    [
      { addresses: ['10.244.1.8'], hostname: 'db-0' },
      { addresses: ['10.244.1.9'] },
      { addresses: ['10.244.1.10'], hostname: 'db-2', conditions: { ready: false } },
    ],
    HTTP,
  );
}

describe('cluster DNS', () => {
  it('NET-30: a Service is its ClusterIP; a headless one is its ready endpoints; neither has IPv6', async () => {
    const { cluster, ask } = setUp();
    shop(cluster);
    expect(await ask('web.shop.svc.cluster.local')).toEqual(['A 10.96.0.7']);
    expect(await ask('WEB.Shop.svc.cluster.local')).toEqual(['A 10.96.0.7']);
    expect(await ask('db.shop.svc.cluster.local')).toEqual(['A 10.244.1.8', 'A 10.244.1.9']);
    expect(await ask('web.shop.svc.cluster.local', 'AAAA')).toEqual(['NOERROR']);
  });

  it('NET-31: endpoints have names of their own, by hostname or address', async () => {
    const { cluster, ask } = setUp();
    shop(cluster);
    expect(await ask('db-0.db.shop.svc.cluster.local')).toEqual(['A 10.244.1.8']);
    expect(await ask('10-244-1-9.db.shop.svc.cluster.local')).toEqual(['A 10.244.1.9']);
    expect(await ask('db-2.db.shop.svc.cluster.local')).toEqual(['NXDOMAIN']);
    expect(await ask('10-1-2-3.shop.pod.cluster.local')).toEqual(['A 10.1.2.3']);
  });

  it('NET-32: SRV records tell ports', async () => {
    const { cluster, ask } = setUp();
    shop(cluster);
    expect(await ask('_http._tcp.web.shop.svc.cluster.local', 'SRV')).toEqual([
      'SRV 0 100 80 web.shop.svc.cluster.local.',
    ]);
    expect(await ask('_http._tcp.db.shop.svc.cluster.local', 'SRV')).toEqual([
      'SRV 0 50 8080 10-244-1-9.db.shop.svc.cluster.local.',
      'SRV 0 50 8080 db-0.db.shop.svc.cluster.local.',
    ]);
    expect(await ask('_http._udp.web.shop.svc.cluster.local', 'SRV')).toEqual(['NXDOMAIN']);
  });

  it('NET-33: an ExternalName is a CNAME, followed within the cluster', async () => {
    const { cluster, ask } = setUp();
    shop(cluster);
    cluster.service('out', { type: 'ExternalName', externalName: 'foo.example.com' });
    cluster.service('in', { type: 'ExternalName', externalName: 'web.shop.svc.cluster.local' });
    cluster.service('round', { type: 'ExternalName', externalName: 'round.shop.svc.cluster.local' });
    expect(await ask('out.shop.svc.cluster.local')).toEqual(['CNAME foo.example.com.']);
    expect(await ask('in.shop.svc.cluster.local')).toEqual(['A 10.96.0.7', 'CNAME web.shop.svc.cluster.local.']);
    expect(await ask('in.shop.svc.cluster.local', 'CNAME')).toEqual(['CNAME web.shop.svc.cluster.local.']);
    expect(new Set(await ask('round.shop.svc.cluster.local'))).toEqual(
      new Set(['CNAME round.shop.svc.cluster.local.']),
    );
  });

  it('NET-34: addresses have names', async () => {
    const { cluster, ask } = setUp();
    shop(cluster);
    expect(await ask('7.0.96.10.in-addr.arpa', 'PTR')).toEqual(['PTR web.shop.svc.cluster.local.']);
    expect(await ask('8.1.244.10.in-addr.arpa', 'PTR')).toEqual(['PTR db-0.db.shop.svc.cluster.local.']);
    expect(await ask('1.2.3.4.in-addr.arpa', 'PTR')).toEqual(['NXDOMAIN']);
  });

  it('NET-35: what does not exist is NXDOMAIN, with the zone in the authority section', async () => {
    const { cluster, ask, resolver } = setUp();
    shop(cluster);
    for (const name of ['nothing.shop.svc', 'web.other.svc', 'a.b.c.web.shop.svc', 'nonsense'])
      expect(await ask(`${name}.cluster.local`)).toEqual(['NXDOMAIN']);
    expect(await ask('example.com')).toEqual(['NXDOMAIN']);
    const { authority } = await resolver.query('nothing.shop.svc.cluster.local', 'A');
    expect(authority[0]?.type).toBe('SOA');
  });

  it('NET-36: an answer that is too long for UDP comes over TCP', async () => {
    const { cluster, resolver } = setUp();
    cluster.service('many', { clusterIP: 'None', ports: [] });
    const addresses = Array.from({ length: 200 }, (_, i) => `10.244.1.${i + 2}`);
    cluster.slice(
      'many',
      addresses.map((address) => ({ addresses: [address] })),
      HTTP,
    );
    expect(await resolver.lookup('many')).toHaveLength(200);
  });
});

describe('the resolver of a container', () => {
  it('NET-40: /etc/hosts comes first, then search domains by ndots', async () => {
    const { cluster, resolver } = setUp();
    shop(cluster);
    expect(await resolver.lookup('bar.remote')).toEqual(['10.1.2.3']);
    for (const name of ['web', 'web.shop', 'web.shop.svc', 'web.shop.svc.cluster.local', 'web.shop.svc.cluster.local.'])
      expect(await resolver.lookup(name)).toEqual(['10.96.0.7']);
    await expect(resolver.lookup('web.')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    await expect(resolver.lookup('nobody')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  it('NET-41: a server that is not there is told from a name that is not', async () => {
    const { resolver } = setUp({ '/etc/resolv.conf': 'nameserver 10.244.1.200\noptions attempts:1\n' });
    await expect(resolver.lookup('web')).rejects.toMatchObject({ code: 'EAI_AGAIN' });
  });

  it('NET-42: the node answers Pods with dnsPolicy Default, and knows nothing of the cluster', async () => {
    const { cluster, resolver } = setUp({ '/etc/resolv.conf': 'nameserver 192.168.49.2\n' });
    shop(cluster);
    await expect(resolver.lookup('web.shop.svc.cluster.local')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });
});

describe('DNS messages', () => {
  it('NET-45: malformed ones are refused, and answered with FORMERR where their id can be read', async () => {
    const { network, ip } = setUp();
    const socket = network.openSocket(ip, 0);
    const query = encodeMessage({ ...EMPTY, question: { name: 'a.b', type: 'A' } });
    const loop = Uint8Array.from([...query.slice(0, 12), 0xc0, 12, 0, 1, 0, 1]);
    await socket.send({ ip: CLUSTER_DNS, port: 53 }, loop);
    for await (const { bytes } of socket.datagrams) {
      expect(decodeMessage(bytes)).toMatchObject({ id: 77, rcode: 'FORMERR' });
      break;
    }
    for (let length = 0; length < query.length; length++) expect(() => decodeMessage(query.slice(0, length))).toThrow();
  });
});

const EMPTY = {
  id: 77,
  isResponse: false,
  authoritative: false,
  truncated: false,
  recursionDesired: true,
  recursionAvailable: false,
  rcode: 'NOERROR',
  answers: [],
  authority: [],
  additional: [],
  udpSize: undefined,
} as const;
