/**
 * What the cluster's zone says of a name (upstream: CoreDNS plugin/kubernetes, with the options of kubeadm's Corefile:
 * `pods insecure`, ttl 30; kubernetes/dns docs/specification.md).
 *
 * Differences: Pod names (1-2-3-4.ns.pod) are answered for every namespace, whether it exists or not; names outside the
 * cluster don't exist, for the emulated world has none.
 */
import type { Endpoint, EndpointSlice, Service } from '@regatta/api';
import { isIpv4 } from '../ipv4.ts';
import { protocolOf, type ServiceTable } from '../service-table.ts';
import type { DnsRecord, Question, Rcode } from './message.ts';

const TTL = 30;
const SPECIFICATION_VERSION = '1.1.0';
/** As far as a CNAME is followed within the cluster. */
const LONGEST_CHAIN = 8;
const WHOLE_WEIGHT = 100;

export interface ZoneAnswer {
  readonly rcode: Rcode;
  readonly answers: readonly DnsRecord[];
  readonly authority: readonly DnsRecord[];
  readonly additional: readonly DnsRecord[];
}

/** A place that a name leads to: an address of its own name, or another name. */
interface Target {
  readonly name: string;
  readonly ip?: string;
  readonly alias?: string;
  readonly ports: readonly number[];
}

export class ClusterZone {
  constructor(
    private readonly table: ServiceTable,
    private readonly domain: string,
    /** The address of the DNS Service itself. */
    private readonly ownAddress: string,
  ) {}

  answer(question: Question): ZoneAnswer {
    const name = question.name.toLowerCase();
    const reverse = reverseAddress(name);
    if (reverse !== undefined) return this.#pointers(question, reverse);
    if (name === this.domain) return this.#apex(question);
    if (!name.endsWith(`.${this.domain}`)) return { rcode: 'NXDOMAIN', answers: [], authority: [], additional: [] };
    return this.#inside(question, name.slice(0, -this.domain.length - 1).split('.'), 0);
  }

  #inside(question: Question, labels: readonly string[], depth: number): ZoneAnswer {
    if (labels.length === 1 && labels[0] === 'dns-version') return this.#version(question);
    if (labels.join('.') === 'ns.dns') return this.#addresses(question, [this.ownAddress]);
    const kind = labels.at(-1);
    if (kind === 'pod') return this.#pod(question, labels.slice(0, -1));
    if (kind !== 'svc') return this.#nothing(labels.length === 1 ? 'NXDOMAIN' : 'NXDOMAIN');
    if (labels.length === 1) return this.#nothing('NOERROR');
    const [namespace = ''] = labels.slice(-2);
    if (labels.length === 2) return this.#nothing(this.table.namespaceHasServices(namespace) ? 'NOERROR' : 'NXDOMAIN');
    const targets = this.#targets(namespace, labels.slice(0, -2));
    return targets === undefined ? this.#nothing('NXDOMAIN') : this.#serve(question, targets, depth);
  }

  /** `1-2-3-4.namespace.pod`. */
  #pod(question: Question, labels: readonly string[]): ZoneAnswer {
    const [dashed = '', namespace] = labels;
    if (namespace === undefined || labels.length > 2) return this.#nothing(labels.length > 2 ? 'NXDOMAIN' : 'NOERROR');
    const ip = dashed.replaceAll('-', '.');
    return isIpv4(ip) ? this.#addresses(question, [ip]) : this.#nothing('NXDOMAIN');
  }

  /** Where `[endpoint.|_port._protocol.]service` leads; undefined when there is no such name. */
  #targets(namespace: string, labels: readonly string[]): readonly Target[] | undefined {
    const service = this.table.service(namespace, labels.at(-1) ?? '');
    const before = labels.slice(0, -1);
    if (service === undefined || before.length > 2) return undefined;
    const base = `${service.metadata.name}.${namespace}.svc.${this.domain}`;
    const { type, externalName, clusterIP } = service.spec;
    if (type === 'ExternalName') return [{ name: base, alias: externalName ?? '', ports: [] }];
    const wanted = before.length === 2 ? portFilter(before) : undefined;
    if (before.length === 2 && wanted === undefined) return undefined;
    const targets =
      before.length === 1 || clusterIP === 'None' || !clusterIP
        ? this.#endpoints(service, base, wanted).filter(
            ({ name }) => before.length !== 1 || name === `${before[0]}.${base}`,
          )
        : [
            {
              name: base,
              ip: clusterIP,
              ports: (service.spec.ports ?? []).filter(matches(wanted)).map(({ port }) => port),
            },
          ];
    const found = wanted === undefined ? targets : targets.filter(({ ports }) => ports.length > 0);
    return found.length === 0 ? undefined : found;
  }

  #endpoints(service: Service, base: string, wanted: PortFilter | undefined): Target[] {
    const found = new Map<string, Target>();
    for (const slice of this.table.slicesOf(service)) {
      const ports = portsOf(slice, wanted);
      for (const { ip, label } of namedEndpoints(slice)) {
        const name = `${label}.${base}`;
        const known = found.get(`${name} ${ip}`);
        found.set(`${name} ${ip}`, { name, ip, ports: [...new Set([...(known?.ports ?? []), ...ports])] });
      }
    }
    return [...found.values()];
  }

  #serve(question: Question, targets: readonly Target[], depth: number): ZoneAnswer {
    const alias = targets[0]?.alias;
    if (alias !== undefined) return this.#follow(question, alias, depth);
    if (question.type === 'SRV') return this.#srv(question, targets);
    return this.#addresses(
      question,
      targets.flatMap(({ ip }) => ip ?? []),
    );
  }

  /** A CNAME, and what its target says, as far as the cluster knows it. */
  #follow(question: Question, alias: string, depth: number): ZoneAnswer {
    const value = alias.replace(/\.$/, '');
    const cname: DnsRecord = { name: question.name, ttl: TTL, type: 'CNAME', value };
    const suffix = `.${this.domain}`;
    const isOurs = question.type !== 'CNAME' && value.endsWith(suffix) && depth < LONGEST_CHAIN;
    if (!isOurs) return this.#found([cname]);
    const labels = value.slice(0, -suffix.length).split('.');
    const further = this.#inside({ ...question, name: value }, labels, depth + 1);
    return this.#found([cname, ...further.answers], further.additional);
  }

  #srv(question: Question, targets: readonly Target[]): ZoneAnswer {
    const all = targets.flatMap(({ name, ip, ports }) => ports.map((port) => ({ name, ip, port })));
    if (all.length === 0) return this.#nothing('NOERROR');
    const weight = Math.max(1, Math.floor(WHOLE_WEIGHT / all.length));
    const answers = all.map(({ name, port }): DnsRecord => {
      return { name: question.name, ttl: TTL, type: 'SRV', value: { priority: 0, weight, port, target: name } };
    });
    const addresses = new Map(all.map(({ name, ip = '' }) => [`${name} ${ip}`, { name, value: ip }]));
    const additional = [...addresses.values()].map(
      ({ name, value }): DnsRecord => ({ name, ttl: TTL, type: 'A', value }),
    );
    return this.#found(answers, additional);
  }

  #addresses({ name, type }: Question, addresses: readonly string[]): ZoneAnswer {
    if (type !== 'A' && type !== 'ANY') return this.#nothing('NOERROR');
    return this.#found([...new Set(addresses)].map((value): DnsRecord => ({ name, ttl: TTL, type: 'A', value })));
  }

  #pointers({ name, type }: Question, ip: string): ZoneAnswer {
    const names = this.#namesOf(ip);
    if (names.length === 0) return { rcode: 'NXDOMAIN', answers: [], authority: [], additional: [] };
    if (type !== 'PTR' && type !== 'ANY') return this.#nothing('NOERROR');
    return this.#found(names.map((value): DnsRecord => ({ name, ttl: TTL, type: 'PTR', value })));
  }

  #namesOf(ip: string): string[] {
    const full = (name: string | undefined, namespace: string | undefined): string =>
      `${name}.${namespace}.svc.${this.domain}`;
    for (const { metadata, spec } of this.table.servicesAt(ip)) {
      if (spec.clusterIP === ip || spec.clusterIPs?.includes(ip)) return [full(metadata.name, metadata.namespace)];
    }
    const names = new Set<string>();
    for (const slice of this.table.slicesAt(ip)) {
      const service = slice.metadata.labels?.['kubernetes.io/service-name'];
      for (const endpoint of namedEndpoints(slice)) {
        if (endpoint.ip === ip) names.add(`${endpoint.label}.${full(service, slice.metadata.namespace)}`);
      }
    }
    return [...names];
  }

  #apex(question: Question): ZoneAnswer {
    if (question.type === 'SOA') return this.#found([this.#soa()]);
    if (question.type !== 'NS') return this.#nothing('NOERROR');
    const server = `ns.dns.${this.domain}`;
    const address: DnsRecord = { name: server, ttl: TTL, type: 'A', value: this.ownAddress };
    return this.#found([{ name: question.name, ttl: TTL, type: 'NS', value: server }], [address]);
  }

  #version(question: Question): ZoneAnswer {
    if (question.type !== 'TXT') return this.#nothing('NOERROR');
    return this.#found([{ name: question.name, ttl: TTL, type: 'TXT', value: SPECIFICATION_VERSION }]);
  }

  #found(answers: readonly DnsRecord[], additional: readonly DnsRecord[] = []): ZoneAnswer {
    return { rcode: 'NOERROR', answers, authority: [], additional };
  }

  #nothing(rcode: 'NOERROR' | 'NXDOMAIN'): ZoneAnswer {
    return { rcode, answers: [], authority: [this.#soa()], additional: [] };
  }

  #soa(): DnsRecord {
    const value = {
      primary: `ns.dns.${this.domain}`,
      mailbox: `hostmaster.${this.domain}`,
      serial: 1,
      refresh: 7200,
      retry: 1800,
      expire: 86_400,
      minimum: TTL,
    };
    return { name: this.domain, ttl: TTL, type: 'SOA', value };
  }
}

interface PortFilter {
  readonly name: string;
  readonly protocol: string;
}

/** `_http._tcp`; undefined for other pairs of labels. */
function portFilter([port = '', protocol = '']: readonly string[]): PortFilter | undefined {
  if (!port.startsWith('_') || !protocol.startsWith('_')) return undefined;
  return { name: port.slice(1), protocol: protocol.slice(1) };
}

function matches(
  wanted: PortFilter | undefined,
): (port: { readonly name?: string; readonly protocol?: string }) => boolean {
  return (port) =>
    wanted === undefined || (port.name === wanted.name && protocolOf(port).toLowerCase() === wanted.protocol);
}

function portsOf({ ports }: EndpointSlice, wanted: PortFilter | undefined): number[] {
  return (ports ?? []).filter(matches(wanted)).flatMap(({ port }) => port ?? []);
}

/** Ready endpoints by the label that names them: the Pod's hostname, or its address with dashes. */
function namedEndpoints({ endpoints }: EndpointSlice): { readonly ip: string; readonly label: string }[] {
  return (endpoints ?? [])
    .filter(({ conditions }: Endpoint) => conditions?.ready !== false)
    .flatMap(({ addresses, hostname }) => addresses.map((ip) => ({ ip, label: hostname || ip.replaceAll('.', '-') })));
}

/** The address that a name under in-addr.arpa stands for. */
function reverseAddress(name: string): string | undefined {
  const found = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa$/.exec(name);
  return found ? [found[4], found[3], found[2], found[1]].join('.') : undefined;
}
