/**
 * Where a connection goes that does not end on this node: Services, NodePorts and Pods of other nodes
 * (upstream: pkg/proxy, as iptables rules; here the rules are read from the API's objects when a connection is made).
 *
 * ClusterIPs spread at random over the ready endpoints; a Service without any refuses, as kube-proxy's REJECT does. Not
 * there yet: session affinity, traffic policies, UDP, load balancer addresses.
 */
import type { Duplex } from 'node:stream';
import type { EndpointSlice, Node, Service, ServicePort } from '@regatta/api';
import type { Random } from '@regatta/runtime';
import { NetworkError, type Peer, type PodNetwork } from './pod-network.ts';

/** Connects to what listens at an address of another node. @throws NetworkError */
export type Dial = (nodeName: string, from: string, to: Peer) => Promise<Duplex>;

export interface ServiceRouterOptions {
  readonly network: PodNetwork;
  readonly nodeName: string;
  readonly api: {
    services(): Promise<readonly Service[]>;
    endpointSlices(): Promise<readonly EndpointSlice[]>;
    allNodes(): Promise<readonly Node[]>;
  };
  readonly dial: Dial;
  readonly random: Random;
}

const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';

export class ServiceRouter {
  constructor(private readonly options: ServiceRouterOptions) {}

  /** @throws NetworkError */
  async route(from: string, to: Peer): Promise<Duplex> {
    const nodes = await this.options.api.allNodes();
    const target = (await this.#serviceAt(to, nodes)) ?? to;
    const { network, nodeName } = this.options;
    if (network.isLocal(target.ip)) return network.deliver(from, target);
    const node = nodes.find((other) => holds(other, target.ip));
    if (node === undefined || node.metadata.name === nodeName)
      throw new NetworkError('EHOSTUNREACH', 'No route to host');
    return this.options.dial(node.metadata.name, from, target);
  }

  /** The endpoint behind a ClusterIP or NodePort; undefined when the address is none. */
  async #serviceAt({ ip, port }: Peer, nodes: readonly Node[]): Promise<Peer | undefined> {
    const services = await this.options.api.services();
    const isNode = nodes.some((node) => addressOf(node) === ip);
    for (const service of services) {
      const isClusterIp = service.spec.clusterIP === ip;
      if (!isClusterIp && !isNode) continue;
      const found = service.spec.ports?.find((own) => (isClusterIp ? own.port === port : own.nodePort === port));
      if (found) return this.#pick(service, found);
    }
    return undefined;
  }

  async #pick(service: Service, port: ServicePort): Promise<Peer> {
    const slices = await this.options.api.endpointSlices();
    const endpoints = slices.filter((slice) => belongs(slice, service)).flatMap((slice) => readyPeers(slice, port));
    const chosen = endpoints[Math.floor(this.options.random.next() * endpoints.length)];
    if (chosen === undefined) throw new NetworkError('ECONNREFUSED', 'Connection refused');
    return chosen;
  }
}

function belongs({ metadata }: EndpointSlice, service: Service): boolean {
  return (
    metadata.namespace === service.metadata.namespace && metadata.labels?.[SERVICE_NAME_LABEL] === service.metadata.name
  );
}

function readyPeers({ endpoints = [], ports = [] }: EndpointSlice, wanted: ServicePort): Peer[] {
  const port = ports?.find(({ name = '' }) => name === (wanted.name ?? ''))?.port;
  if (port === undefined) return [];
  return (endpoints ?? [])
    .filter(({ conditions }) => conditions?.ready !== false)
    .flatMap(({ addresses }) => addresses.slice(0, 1).map((ip) => ({ ip, port })));
}

function addressOf(node: Node): string | undefined {
  return node.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address;
}

/** Whether an address is the node's own or one of its Pods'. */
function holds(node: Node, ip: string): boolean {
  if (addressOf(node) === ip) return true;
  const [base = '', bits = '32'] = (node.spec.podCIDR ?? '').split('/');
  if (base === '') return false;
  const size = 2 ** (32 - Number(bits));
  return Math.floor(numeric(base) / size) === Math.floor(numeric(ip) / size);
}

function numeric(ip: string): number {
  return ip.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}
