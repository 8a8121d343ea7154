/**
 * Connections between the Pods of one node: L4 streams with TCP's ways of failing.
 *
 * Owns who listens where, and which addresses of the node's range are taken. What lies beyond the node is the business
 * of a Router, which a later layer gives.
 * Invariants: a port of an address has one listener; an address is given to one sandbox at a time.
 */
import { type Duplex, duplexPair } from 'node:stream';

export type NetworkErrorCode =
  | 'ECONNREFUSED'
  | 'EHOSTUNREACH'
  | 'EADDRINUSE'
  | 'ETIMEDOUT'
  | 'EADDRNOTAVAIL'
  | 'ENOTFOUND';

export class NetworkError extends Error {
  constructor(
    readonly code: NetworkErrorCode,
    message: string,
  ) {
    super(message);
    this.name = 'NetworkError';
  }
}

export interface Peer {
  readonly ip: string;
  readonly port: number;
}

export type ConnectionHandler = (connection: Duplex, from: Peer) => void;

/** Where connections go whose address is not on this node. Undefined when it knows no way either. */
export type Router = (from: string, to: Peer) => Promise<Duplex> | undefined;

const FIRST_EPHEMERAL_PORT = 32_768;
const EPHEMERAL_PORTS = 28_232;

export class PodNetwork {
  readonly #listeners = new Map<string, ConnectionHandler>();
  readonly #taken = new Set<string>();
  #first = 0;
  #count = 0;
  #next = 0;
  #nextPort = 0;
  router: Router = () => undefined;

  /** @param nodeIp the address of the node itself, which Pods of the host network share */
  constructor(readonly nodeIp: string) {}

  /** The node's range is known: addresses can be given out. */
  setRange(cidr: string): void {
    const [base = '', bits = '24'] = cidr.split('/');
    // Not the network's own address, the bridge's (.1) or the broadcast address.
    this.#first = base.split('.').reduce((sum, part) => sum * 256 + Number(part), 0) + 2;
    this.#count = Math.max(0, 2 ** (32 - Number(bits)) - 3);
  }

  get ready(): boolean {
    return this.#count > 0;
  }

  /** The next free address, in turn, so that one that was given back is not used again at once (host-local IPAM). */
  allocate(): string {
    for (let i = 0; i < this.#count; i++) {
      const address = dotted(this.#first + ((this.#next + i) % this.#count));
      if (this.#taken.has(address)) continue;
      this.#next = (this.#next + i + 1) % this.#count;
      this.#taken.add(address);
      return address;
    }
    throw new NetworkError('EADDRNOTAVAIL', 'no IP addresses available in range set');
  }

  /** Marks an address as taken: a sandbox that was there before a restart. */
  reserve(ip: string): void {
    this.#taken.add(ip);
  }

  release(ip: string): void {
    if (ip === this.nodeIp) return;
    this.#taken.delete(ip);
    for (const key of this.#listeners.keys()) if (key.startsWith(`${ip}:`)) this.#listeners.delete(key);
  }

  /** Whether this node answers for the address. */
  isLocal(ip: string): boolean {
    return ip === this.nodeIp || this.#taken.has(ip);
  }

  /** @throws NetworkError `EADDRINUSE` */
  listen(ip: string, port: number, handler: ConnectionHandler): () => void {
    const key = `${ip}:${port}`;
    if (this.#listeners.has(key)) throw new NetworkError('EADDRINUSE', 'Address already in use');
    this.#listeners.set(key, handler);
    return () => {
      if (this.#listeners.get(key) === handler) this.#listeners.delete(key);
    };
  }

  /** @throws NetworkError `ECONNREFUSED` when nobody listens, `EHOSTUNREACH` when there is no such address */
  async connect(from: string, to: Peer): Promise<Duplex> {
    const target = to.ip === '127.0.0.1' || to.ip === 'localhost' ? { ip: from, port: to.port } : to;
    // The node's own address may also mean a NodePort, of which only the router knows.
    if (this.isLocal(target.ip) && (target.ip !== this.nodeIp || this.#listens(target)))
      return this.deliver(from, target);
    const routed = this.router(from, target);
    if (routed !== undefined) return routed;
    if (target.ip === this.nodeIp) return this.deliver(from, target);
    throw new NetworkError('EHOSTUNREACH', 'No route to host');
  }

  #listens({ ip, port }: Peer): boolean {
    return this.#listeners.has(`${ip}:${port}`);
  }

  /** Hands a connection to whoever listens on this node. @throws NetworkError `ECONNREFUSED` */
  deliver(from: string, to: Peer): Duplex {
    const handler = this.#listeners.get(`${to.ip}:${to.port}`);
    if (handler === undefined) throw new NetworkError('ECONNREFUSED', 'Connection refused');
    const [near, far] = duplexPair();
    for (const side of [near, far]) side.on('error', () => side.destroy());
    this.#nextPort = (this.#nextPort + 1) % EPHEMERAL_PORTS;
    handler(far, { ip: from, port: FIRST_EPHEMERAL_PORT + this.#nextPort });
    return near;
  }
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}
