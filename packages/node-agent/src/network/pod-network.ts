/**
 * Connections and datagrams between the Pods of one node, with TCP's and UDP's ways of failing.
 *
 * Owns who listens where, which addresses of the node's range are taken, and which host ports lead to which Pod. What
 * lies beyond the node, and what a Service's address means, is the business of a Router, which a later layer gives.
 * Invariants: a port of an address has one listener; an address is given to one sandbox at a time; with an address go
 * its listeners, its connections (reset), its sockets and its host ports.
 */
import type { Duplex } from 'node:stream';
import { AddressPool } from './address-pool.ts';
import { type Connection, connectionPair } from './connection.ts';
import { DatagramSocket, type DatagramSocketOptions } from './datagram-socket.ts';
import { type HostPort, HostPorts } from './host-ports.ts';
import { NetworkError, type Peer } from './network-error.ts';

export { NetworkError, type NetworkErrorCode, type Peer } from './network-error.ts';

export type ConnectionHandler = (connection: Connection, from: Peer) => void;

/** What lies beyond the node's own addresses. */
export interface Router {
  /** Undefined when it knows no way. @throws NetworkError */
  connect(from: string, to: Peer): Promise<Duplex> | undefined;
  /** Where a datagram goes whose address is not on this node. @throws NetworkError */
  send(from: Peer, to: Peer, bytes: Uint8Array): Promise<void>;
  /** Whether an address of another machine answers echoes: the hops to it, undefined when it doesn't. */
  echo(ip: string): Promise<number | undefined>;
  /** The address that the receiver of a datagram on this node is to see as its sender: a Service's for its endpoint's. */
  senderOf(from: Peer, to: Peer): Peer;
}

const NOWHERE: Router = {
  connect: () => undefined,
  send: () => Promise.reject(new NetworkError('EHOSTUNREACH', 'No route to host')),
  echo: async () => undefined,
  senderOf: (from) => from,
};

const FIRST_EPHEMERAL_PORT = 32_768;
const EPHEMERAL_PORTS = 28_232;
const LOOPBACK = /^(127\.|localhost$|0\.0\.0\.0$)/;

export class PodNetwork {
  readonly #listeners = new Map<string, Map<string, ConnectionHandler>>();
  readonly #sockets = new Map<string, Map<string, DatagramSocket>>();
  readonly #connections = new Map<string, Set<Connection>>();
  readonly #pool = new AddressPool();
  readonly #hostPorts = new HostPorts();
  #nextPort = 0;
  router: Router = NOWHERE;

  /** @param nodeIp the address of the node itself, which Pods of the host network share */
  constructor(readonly nodeIp: string) {}

  /** The node's range is known: addresses can be given out. */
  setRange(cidr: string): void {
    this.#pool.setRange(cidr);
  }

  get ready(): boolean {
    return this.#pool.ready;
  }

  get gateway(): string {
    return this.#pool.gateway;
  }

  /** Bits of the range's network. */
  get bits(): number {
    return this.#pool.bits;
  }

  /** The hops to whoever answers an echo request (ICMP); undefined when nobody does. */
  async echo(from: string, ip: string): Promise<number | undefined> {
    if (LOOPBACK.test(ip) || ip === from || this.isLocal(ip) || ip === this.gateway) return 0;
    return this.router.echo(ip);
  }

  /** The next free address, in turn. @throws NetworkError `EADDRNOTAVAIL` */
  allocate(): string {
    return this.#pool.allocate();
  }

  /** Marks an address as taken: a sandbox that was there before a restart. */
  reserve(ip: string): void {
    this.#pool.reserve(ip);
  }

  /** Host ports that lead to a Pod's address until it is released. */
  mapPorts(ip: string, ports: readonly HostPort[]): void {
    this.#hostPorts.map(ip, ports);
  }

  release(ip: string): void {
    if (ip === this.nodeIp) return;
    this.#pool.release(ip);
    this.#hostPorts.release(ip);
    this.#listeners.delete(ip);
    for (const socket of this.#sockets.get(ip)?.values() ?? []) socket.close();
    for (const connection of this.#connections.get(ip) ?? []) connection.reset();
  }

  /** Whether this node answers for the address. */
  isLocal(ip: string): boolean {
    return ip === this.nodeIp || this.#pool.has(ip);
  }

  /**
   * @param address the own one or a loopback address of the sandbox `ip`, which only the sandbox itself reaches
   * @throws NetworkError `EADDRINUSE`
   */
  listen(ip: string, port: number, handler: ConnectionHandler, address = ip): () => void {
    const key = LOOPBACK.test(address) && address !== '0.0.0.0' ? `lo:${port}` : String(port);
    const own = this.#listeners.get(ip) ?? new Map<string, ConnectionHandler>();
    if (own.has(key)) throw new NetworkError('EADDRINUSE', 'Address already in use');
    this.#listeners.set(ip, own.set(key, handler));
    return () => {
      if (own.get(key) === handler) own.delete(key);
    };
  }

  /** Ports that are listened on at an address. */
  listening(ip: string): readonly { readonly port: number; readonly loopback: boolean }[] {
    return [...(this.#listeners.get(ip)?.keys() ?? [])].map((key) => ({
      port: Number(key.replace('lo:', '')),
      loopback: key.startsWith('lo:'),
    }));
  }

  /** Connections that an address holds now. */
  connections(ip: string): readonly Connection[] {
    return [...(this.#connections.get(ip) ?? [])];
  }

  sockets(ip: string): readonly DatagramSocket[] {
    return [...(this.#sockets.get(ip)?.values() ?? [])];
  }

  /** @throws NetworkError `ECONNREFUSED` when nobody listens, `EHOSTUNREACH` when there is no such address */
  async connect(from: string, to: Peer): Promise<Duplex> {
    if (LOOPBACK.test(to.ip)) return this.#connectLoopback(from, to.port);
    // The node's own address may also mean a NodePort, of which only the router knows.
    const answers = this.isLocal(to.ip) && (to.ip !== this.nodeIp || this.#listens(to));
    if (answers) return this.deliver(from, to);
    const routed = this.router.connect(from, to);
    if (routed !== undefined) return routed;
    if (to.ip === this.nodeIp) return this.deliver(from, to);
    throw new NetworkError('EHOSTUNREACH', 'No route to host');
  }

  #connectLoopback(from: string, port: number): Duplex {
    const own = this.#listeners.get(from);
    const handler = own?.get(`lo:${port}`) ?? own?.get(String(port));
    const mapped = from === this.nodeIp ? this.#hostPorts.find('127.0.0.1', port, 'TCP') : undefined;
    if (handler === undefined && mapped !== undefined) return this.deliver(from, mapped);
    return this.#open(handler, { ip: '127.0.0.1', port: this.#ephemeralPort() }, { ip: '127.0.0.1', port }, from, from);
  }

  #listens({ ip, port }: Peer): boolean {
    return this.#listeners.get(ip)?.has(String(port)) === true || this.#hostPorts.find(ip, port, 'TCP') !== undefined;
  }

  /** Hands a connection to whoever listens on this node. @throws NetworkError `ECONNREFUSED` */
  deliver(from: string, to: Peer): Duplex {
    const mapped = to.ip === this.nodeIp ? this.#hostPorts.find(to.ip, to.port, 'TCP') : undefined;
    const target = mapped ?? to;
    const handler = this.#listeners.get(target.ip)?.get(String(target.port));
    return this.#open(handler, { ip: from, port: this.#ephemeralPort() }, target, from, target.ip);
  }

  #open(
    handler: ConnectionHandler | undefined,
    client: Peer,
    server: Peer,
    clientIp: string,
    serverIp: string,
  ): Connection {
    if (handler === undefined) throw new NetworkError('ECONNREFUSED', 'Connection refused');
    const [near, far] = connectionPair(client, server);
    this.#hold(clientIp, near);
    this.#hold(serverIp, far);
    handler(far, client);
    return near;
  }

  #hold(ip: string, connection: Connection): void {
    const held = this.#connections.get(ip) ?? new Set<Connection>();
    this.#connections.set(ip, held.add(connection));
    connection.once('close', () => {
      held.delete(connection);
      if (held.size === 0 && this.#connections.get(ip) === held) this.#connections.delete(ip);
    });
  }

  #ephemeralPort(): number {
    this.#nextPort = (this.#nextPort + 1) % EPHEMERAL_PORTS;
    return FIRST_EPHEMERAL_PORT + this.#nextPort;
  }

  /**
   * A UDP socket of an address of this node.
   * @param port 0 for any @throws NetworkError `EADDRINUSE`
   */
  openSocket(ip: string, port: number, options: DatagramSocketOptions = {}): DatagramSocket {
    const own = this.#sockets.get(ip) ?? new Map<string, DatagramSocket>();
    const chosen = port === 0 ? this.#freePort(own) : port;
    if (own.has(String(chosen))) throw new NetworkError('EADDRINUSE', 'Address already in use');
    const peer = options.connectedTo;
    const connectedTo = peer && LOOPBACK.test(peer.ip) ? { ip, port: peer.port } : peer;
    const socket = new DatagramSocket(
      { ip, port: chosen },
      (to, bytes) => this.#send({ ip, port: chosen }, to, bytes),
      () => own.delete(String(chosen)),
      connectedTo === undefined ? {} : { connectedTo },
    );
    this.#sockets.set(ip, own.set(String(chosen), socket));
    return socket;
  }

  #freePort(own: ReadonlyMap<string, DatagramSocket>): number {
    for (let i = 0; i < EPHEMERAL_PORTS; i++) {
      const port = this.#ephemeralPort();
      if (!own.has(String(port))) return port;
    }
    throw new NetworkError('EADDRNOTAVAIL', 'Cannot assign requested address');
  }

  async #send(from: Peer, to: Peer, bytes: Uint8Array): Promise<void> {
    const target = LOOPBACK.test(to.ip) ? { ip: from.ip, port: to.port } : to;
    const answers = this.isLocal(target.ip) && (target.ip !== this.nodeIp || this.#receives(target));
    if (answers) return this.deliverDatagram(from, target, bytes);
    return this.router.send(from, target, bytes);
  }

  #receives({ ip, port }: Peer): boolean {
    return this.#sockets.get(ip)?.has(String(port)) === true || this.#hostPorts.find(ip, port, 'UDP') !== undefined;
  }

  /** Hands a datagram to a socket of this node. @throws NetworkError `ECONNREFUSED` (ICMP: port unreachable) */
  deliverDatagram(from: Peer, to: Peer, bytes: Uint8Array): void {
    const mapped = to.ip === this.nodeIp ? this.#hostPorts.find(to.ip, to.port, 'UDP') : undefined;
    const target = mapped ?? to;
    const socket = this.#sockets.get(target.ip)?.get(String(target.port));
    if (socket === undefined) throw new NetworkError('ECONNREFUSED', 'Connection refused');
    socket.receive(bytes, this.router.senderOf(from, target));
  }
}
