/**
 * UDP flows through Services (the kernel's connection tracking): a flow keeps its endpoint, and its answers carry the
 * Service's address. A flow that is idle for FLOW_MS of real time is forgotten; at most FLOW_LIMIT are kept, the
 * longest unused going first.
 */
import type { Clock } from '@regatta/runtime';
import type { Peer } from './network-error.ts';

export const FLOW_LIMIT = 8_192;
/** nf_conntrack_udp_timeout_stream. */
const FLOW_MS = 120_000;

interface Flow {
  readonly client: Peer;
  readonly service: Peer;
  readonly endpoint: Peer;
  readonly usedAt: number;
}

export class FlowTable {
  readonly #forward = new Map<string, Flow>();
  readonly #back = new Map<string, Flow>();

  constructor(private readonly clock: Clock) {}

  /** The endpoint that datagrams of a client to a Service go to. */
  endpoint(client: Peer, service: Peer): Peer | undefined {
    const flow = this.#forward.get(key(client, service));
    if (flow === undefined) return undefined;
    if (this.clock.now() - flow.usedAt <= FLOW_MS) return flow.endpoint;
    this.forget(client, service);
    return undefined;
  }

  remember(client: Peer, service: Peer, endpoint: Peer): void {
    this.forget(client, service);
    const flow: Flow = { client, service, endpoint, usedAt: this.clock.now() };
    this.#forward.set(key(client, service), flow);
    this.#back.set(key(endpoint, client), flow);
    const [oldest] = this.#forward.values();
    if (this.#forward.size > FLOW_LIMIT && oldest !== undefined) this.forget(oldest.client, oldest.service);
  }

  forget(client: Peer, service: Peer): void {
    const flow = this.#forward.get(key(client, service));
    if (flow === undefined) return;
    this.#forward.delete(key(client, service));
    this.#back.delete(key(flow.endpoint, client));
  }

  /** Whom a client takes the sender of a datagram for. */
  senderOf(from: Peer, to: Peer): Peer {
    return this.#back.get(key(from, to))?.service ?? from;
  }
}

function key(a: Peer, b: Peer): string {
  return `${a.ip}:${a.port}>${b.ip}:${b.port}`;
}
