/**
 * Dials through the network of the node that answers for an address, over the bus.
 */
import type { Duplex } from 'node:stream';
import type { Node } from '@regatta/api';
import {
  type BusConnection,
  BusError,
  decode,
  encode,
  type NodeRequest,
  type NodeResponse,
  nodeService,
  StreamDuplex,
} from '@regatta/bus';
import { type Address, DialError, type Dialer } from './dialer.ts';

const KUBELET_PORT = 10_250;

export class BusDialer implements Dialer {
  /** @param nodes the cluster's machines as they are now */
  constructor(
    private readonly bus: Pick<BusConnection, 'open'>,
    private readonly nodes: () => readonly Node[],
  ) {}

  async dial({ ip, port }: Address, signal: AbortSignal): Promise<Duplex> {
    const node = this.nodes().find((other) => answersFor(other, ip));
    if (node === undefined) throw new DialError(`dial tcp ${ip}:${port}: connect: no route to host`);
    return this.#open(node.metadata.name, { op: 'dial', ip, port }, `${ip}:${port}`, signal);
  }

  dialKubelet(nodeName: string, signal: AbortSignal): Promise<Duplex> {
    const node = this.nodes().find(({ metadata }) => metadata.name === nodeName);
    const host = (node && addressOf(node)) ?? nodeName;
    return this.#open(nodeName, { op: 'kubelet' }, `${host}:${KUBELET_PORT}`, signal);
  }

  async #open(nodeName: string, request: NodeRequest, address: string, signal: AbortSignal): Promise<Duplex> {
    let opened: Awaited<ReturnType<BusConnection['open']>>;
    try {
      opened = await this.bus.open(nodeService(nodeName), encode(request), { signal });
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      // A machine that is off answers for its own address with nothing at all.
      const refused = error.code === 'no-responders' && request.op === 'kubelet';
      const why = refused ? 'connect: connection refused' : 'connect: no route to host';
      throw new DialError(`dial tcp ${address}: ${error.code === 'no-responders' ? why : 'i/o timeout'}`, {
        cause: error,
      });
    }
    const answer = decode(opened.response) as NodeResponse;
    if (answer.ok) return new StreamDuplex(opened.stream);
    opened.stream.abort('refused');
    throw new DialError(answer.message);
  }
}

function addressOf(node: Node): string | undefined {
  return node.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address;
}

/** Whether an address is the machine's own or in its Pods' range. */
function answersFor(node: Node, ip: string): boolean {
  if (addressOf(node) === ip) return true;
  const [base = '', bits = '32'] = (node.spec.podCIDR ?? '').split('/');
  if (base === '') return false;
  const size = 2 ** (32 - Number(bits));
  return Math.floor(numeric(base) / size) === Math.floor(numeric(ip) / size);
}

function numeric(ip: string): number {
  return ip.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}
