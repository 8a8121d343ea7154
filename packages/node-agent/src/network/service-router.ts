/**
 * Where connections and datagrams go that do not end on this node: Services, NodePorts and Pods of other nodes
 * (upstream: pkg/proxy, as iptables rules; here the table of the API's objects is asked when a connection is made).
 *
 * Traffic from inside the cluster counts as internal: internalTrafficPolicy holds for ClusterIPs, and
 * externalTrafficPolicy only for a NodePort of another node, which sees the packet come from outside.
 */
import type { Duplex } from 'node:stream';
import type { ClusterClock, Random } from '@regatta/runtime';
import { EndpointChoice } from './endpoint-choice.ts';
import { FlowTable } from './flow-table.ts';
import { NetworkError, type Peer } from './network-error.ts';
import type { PodNetwork, Router } from './pod-network.ts';
import type { Frontend, ServiceTable } from './service-table.ts';

/** The way to other machines of the cluster. */
export interface Uplink {
  /** Connects to what listens at an address of another node. @throws NetworkError */
  connect(nodeName: string, from: string, to: Peer): Promise<Duplex>;
  /** Sends a datagram to a socket of another node. @throws NetworkError */
  send(nodeName: string, from: Peer, to: Peer, bytes: Uint8Array): Promise<void>;
  /** Whether a machine has an address. */
  echo(nodeName: string, ip: string): Promise<boolean>;
  /** Connects to the API server. @throws NetworkError */
  connectApiServer(): Promise<Duplex>;
}

export interface ServiceRouterOptions {
  readonly network: PodNetwork;
  readonly nodeName: string;
  readonly table: ServiceTable;
  readonly uplink: Uplink;
  readonly clock: ClusterClock;
  readonly random: Random;
}

export class ServiceRouter implements Router {
  readonly #choice: EndpointChoice;
  readonly #flows: FlowTable;

  constructor(private readonly options: ServiceRouterOptions) {
    this.#choice = new EndpointChoice(options.table, options.clock, options.random);
    this.#flows = new FlowTable(options.clock.real);
  }

  /** @throws NetworkError */
  async connect(from: string, to: Peer): Promise<Duplex> {
    const { table, network, uplink } = this.options;
    await table.ready();
    const frontend = table.frontend(to, 'TCP');
    if (frontend !== undefined && isApiServer(frontend)) return uplink.connectApiServer();
    const target = frontend === undefined ? to : this.#endpoint(frontend, from, to);
    if (network.isLocal(target.ip)) return network.deliver(from, target);
    return uplink.connect(this.#nodeAt(target), from, target);
  }

  /** @throws NetworkError */
  async send(from: Peer, to: Peer, bytes: Uint8Array): Promise<void> {
    const { table, network, uplink } = this.options;
    await table.ready();
    const target = this.#flow(from, to);
    if (network.isLocal(target.ip)) return network.deliverDatagram(from, target, bytes);
    return uplink.send(this.#nodeAt(target), from, target, bytes);
  }

  /** A machine is one hop away, its Pods are two. */
  async echo(ip: string): Promise<number | undefined> {
    const { table, uplink, nodeName } = this.options;
    await table.ready();
    const node = table.nodeOf(ip);
    if (node === undefined || node.metadata.name === nodeName) return undefined;
    if (!(await uplink.echo(node.metadata.name, ip))) return undefined;
    return table.isNode(ip) ? 1 : 2;
  }

  senderOf(from: Peer, to: Peer): Peer {
    return this.#flows.senderOf(from, to);
  }

  /** What a datagram's address stands for; a flow keeps its endpoint while the Service has it. */
  #flow(from: Peer, to: Peer): Peer {
    const frontend = this.options.table.frontend(to, 'UDP');
    if (frontend === undefined) return to;
    const known = this.#flows.endpoint(from, to);
    const endpoints = this.options.table.endpoints(frontend.service, frontend.port);
    const isThere = known !== undefined && endpoints.some(({ ip, port }) => ip === known.ip && port === known.port);
    if (known !== undefined && !isThere) this.#flows.forget(from, to);
    const endpoint = isThere ? known : this.#endpoint(frontend, from.ip, to);
    this.#flows.remember(from, to, endpoint);
    return endpoint;
  }

  #endpoint(frontend: Frontend, client: string, to: Peer): Peer {
    const { ip, port } = this.#choice.choose(frontend, client, this.#localTo(frontend, to));
    return { ip, port };
  }

  /** The node whose endpoints alone count, by the Service's traffic policy. */
  #localTo({ service, way }: Frontend, to: Peer): string | undefined {
    const { nodeName, table } = this.options;
    if (way === 'cluster-ip') return service.spec.internalTrafficPolicy === 'Local' ? nodeName : undefined;
    const at = way === 'node-port' ? table.nodeOf(to.ip)?.metadata.name : nodeName;
    return service.spec.externalTrafficPolicy === 'Local' && at !== nodeName ? at : undefined;
  }

  #nodeAt({ ip }: Peer): string {
    const node = this.options.table.nodeOf(ip);
    if (node === undefined || node.metadata.name === this.options.nodeName)
      throw new NetworkError('EHOSTUNREACH', 'No route to host');
    return node.metadata.name;
  }
}

/** `kubernetes` in `default`: its endpoints are the API servers, which are no Pods. */
function isApiServer({ service: { metadata } }: Frontend): boolean {
  return metadata.namespace === 'default' && metadata.name === 'kubernetes';
}
