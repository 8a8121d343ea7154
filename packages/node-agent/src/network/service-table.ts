/**
 * What the API's Services, EndpointSlices and Nodes mean for this node's network, indexed by what connections and
 * queries ask for: addresses, node ports, names (upstream: pkg/proxy/{servicechangetracker,endpointschangetracker}.go,
 * CoreDNS' plugin/kubernetes/controller.go).
 *
 * Follows the API from the first question on: a node that nobody connects through watches nothing.
 * Invariants: a question costs the same however many Services there are; objects are the API's and never changed.
 */
import { type EndpointSlice, type KubeObject, keyOf, type Node, type Service, type ServicePort } from '@regatta/api';
import { ipv4Number, parseRange } from './ipv4.ts';
import type { Peer, Protocol } from './network-error.ts';

export interface ChangeHandler<T> {
  onAdd(object: T): void;
  onUpdate(object: T, old: T): void;
  onDelete(object: T): void;
}

/** Calls the handler for all there is and all that changes. Resolves when the first list is in. */
export type Follow<T extends KubeObject> = (handler: ChangeHandler<T>) => Promise<void>;

export interface NetworkObjects {
  readonly services: Follow<Service>;
  readonly endpointSlices: Follow<EndpointSlice>;
  readonly nodes: Follow<Node>;
}

/** A Service's port as a connection meets it. */
export interface Frontend {
  readonly service: Service;
  readonly port: ServicePort;
  /** The way in: the ClusterIP, an address from outside (external IP, load balancer), or a port of a node. */
  readonly way: 'cluster-ip' | 'external' | 'node-port';
}

export interface ServiceEndpoint extends Peer {
  readonly nodeName: string | undefined;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
}

const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';

export class ServiceTable {
  readonly #services = new Map<string, Service>();
  readonly #byAddress = new Buckets<Service>();
  readonly #byNodePort = new Buckets<Service>();
  readonly #slices = new Buckets<EndpointSlice>();
  readonly #slicesByAddress = new Buckets<EndpointSlice>();
  readonly #nodesByAddress = new Map<string, Node>();
  readonly #nodesByRange = new Map<number, Map<number, Node>>();
  #following: Promise<unknown> | undefined;

  constructor(private readonly objects: NetworkObjects) {}

  /** Resolves when the table holds what the API had at the first call. */
  async ready(): Promise<void> {
    this.#following ??= Promise.all([
      this.objects.services(handler((service, sign) => this.#service(service, sign))),
      this.objects.endpointSlices(handler((slice, sign) => this.#slice(slice, sign))),
      this.objects.nodes(handler((node, sign) => this.#node(node, sign))),
    ]);
    await this.#following;
  }

  service(namespace: string, name: string): Service | undefined {
    return this.#services.get(`${namespace}/${name}`);
  }

  /** The Service port that answers at an address; undefined when it is no Service's. */
  frontend({ ip, port }: Peer, protocol: Protocol): Frontend | undefined {
    for (const service of this.#byAddress.of(ip)) {
      const found = service.spec.ports?.find((own) => own.port === port && protocolOf(own) === protocol);
      const way = service.spec.clusterIPs?.includes(ip) || service.spec.clusterIP === ip ? 'cluster-ip' : 'external';
      if (found) return { service, port: found, way };
    }
    if (!this.#nodesByAddress.has(ip)) return undefined;
    for (const service of this.#byNodePort.of(`${protocol}/${port}`)) {
      const found = service.spec.ports?.find((own) => own.nodePort === port && protocolOf(own) === protocol);
      if (found) return { service, port: found, way: 'node-port' };
    }
    return undefined;
  }

  /** Services at an address of any port. */
  servicesAt(ip: string): Iterable<Service> {
    return this.#byAddress.of(ip);
  }

  slicesOf(service: Service): Iterable<EndpointSlice> {
    return this.#slices.of(`${service.metadata.namespace}/${service.metadata.name}`);
  }

  /** Slices that list an address as an endpoint. */
  slicesAt(ip: string): Iterable<EndpointSlice> {
    return this.#slicesByAddress.of(ip);
  }

  /** Everything behind one port of a Service, each address once. */
  endpoints(service: Service, wanted: ServicePort): ServiceEndpoint[] {
    const found = new Map<string, ServiceEndpoint>();
    for (const slice of this.slicesOf(service)) {
      for (const endpoint of endpointsOf(slice, wanted)) found.set(`${endpoint.ip}:${endpoint.port}`, endpoint);
    }
    return [...found.values()];
  }

  namespaceHasServices(namespace: string): boolean {
    for (const service of this.#services.values()) if (service.metadata.namespace === namespace) return true;
    return false;
  }

  /** Whether an address is a machine's own. */
  isNode(ip: string): boolean {
    return this.#nodesByAddress.has(ip);
  }

  /** The node that has an address itself or gives it to its Pods. */
  nodeOf(ip: string): Node | undefined {
    const own = this.#nodesByAddress.get(ip);
    if (own !== undefined) return own;
    const number = ipv4Number(ip);
    for (const [size, nodes] of this.#nodesByRange) {
      const found = nodes.get(Math.floor(number / size));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #service(service: Service, sign: Sign): void {
    const key = keyOf(service);
    if (sign === 'add') this.#services.set(key, service);
    else this.#services.delete(key);
    for (const ip of addressesOf(service)) this.#byAddress.change(ip, key, service, sign);
    for (const port of service.spec.ports ?? []) {
      if (port.nodePort) this.#byNodePort.change(`${protocolOf(port)}/${port.nodePort}`, key, service, sign);
    }
  }

  #slice(slice: EndpointSlice, sign: Sign): void {
    const service = slice.metadata.labels?.[SERVICE_NAME_LABEL];
    if (service === undefined) return;
    const key = keyOf(slice);
    this.#slices.change(`${slice.metadata.namespace}/${service}`, key, slice, sign);
    for (const { addresses } of slice.endpoints ?? []) {
      for (const ip of addresses) this.#slicesByAddress.change(ip, key, slice, sign);
    }
  }

  #node(node: Node, sign: Sign): void {
    for (const { type, address } of node.status?.addresses ?? []) {
      if (type !== 'InternalIP' && type !== 'ExternalIP') continue;
      if (sign === 'add') this.#nodesByAddress.set(address, node);
      else if (this.#nodesByAddress.get(address)?.metadata.name === node.metadata.name)
        this.#nodesByAddress.delete(address);
    }
    const range = parseRange(node.spec.podCIDR ?? '');
    if (range === undefined) return;
    const nodes = this.#nodesByRange.get(range.size) ?? new Map<number, Node>();
    const at = range.first / range.size;
    if (sign === 'add') this.#nodesByRange.set(range.size, nodes.set(at, node));
    else if (nodes.get(at)?.metadata.name === node.metadata.name) nodes.delete(at);
  }
}

type Sign = 'add' | 'remove';

function handler<T>(change: (object: T, sign: Sign) => void): ChangeHandler<T> {
  return {
    onAdd: (object) => change(object, 'add'),
    onUpdate: (object, old) => {
      change(old, 'remove');
      change(object, 'add');
    },
    onDelete: (object) => change(object, 'remove'),
  };
}

/** Objects by a value that several may share. */
class Buckets<T> {
  readonly #buckets = new Map<string, Map<string, T>>();

  change(value: string, key: string, object: T, sign: Sign): void {
    const bucket = this.#buckets.get(value);
    if (sign === 'add') this.#buckets.set(value, (bucket ?? new Map<string, T>()).set(key, object));
    else if (bucket?.delete(key) && bucket.size === 0) this.#buckets.delete(value);
  }

  of(value: string): Iterable<T> {
    return this.#buckets.get(value)?.values() ?? [];
  }
}

/** Every address that a Service answers at. */
function addressesOf({ spec, status }: Service): ReadonlySet<string> {
  const ingress = (status?.loadBalancer?.ingress ?? []).filter(({ ipMode = 'VIP' }) => ipMode === 'VIP');
  const all = [spec.clusterIP, ...(spec.clusterIPs ?? []), ...(spec.externalIPs ?? []), ...ingress.map(({ ip }) => ip)];
  return new Set(all.filter((ip): ip is string => ip !== undefined && ip !== '' && ip !== 'None'));
}

export function protocolOf({ protocol = 'TCP' }: { readonly protocol?: string }): Protocol {
  return protocol === 'UDP' || protocol === 'SCTP' ? protocol : 'TCP';
}

function endpointsOf({ endpoints, ports }: EndpointSlice, wanted: ServicePort): ServiceEndpoint[] {
  const port = ports?.find((own) => (own.name ?? '') === (wanted.name ?? ''))?.port;
  if (port === undefined) return [];
  return (endpoints ?? []).flatMap(({ addresses, conditions = {}, nodeName }) => {
    const { ready = true, terminating = false } = conditions;
    const serving = conditions.serving ?? ready;
    return addresses.slice(0, 1).map((ip) => ({ ip, port, nodeName, ready, serving, terminating }));
  });
}
