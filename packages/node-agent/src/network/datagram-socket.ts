/**
 * A UDP socket of the emulated network. At most RECEIVE_LIMIT datagrams wait for a reader; what comes beyond is lost,
 * as it is in a kernel whose receive buffer is full.
 */
import { BoundedQueue } from '@regatta/runtime';
import { NetworkError, type Peer } from './network-error.ts';

export const RECEIVE_LIMIT = 256;
/** What fits into an IPv4 packet. */
export const LONGEST_DATAGRAM = 65_507;

export interface Datagram {
  readonly bytes: Uint8Array;
  readonly from: Peer;
}

export interface DatagramSocketOptions {
  /** Only datagrams of this peer are received, as after connect(2). */
  readonly connectedTo?: Peer;
}

export class DatagramSocket {
  readonly #received = new BoundedQueue<Datagram>(RECEIVE_LIMIT);
  #closed = false;

  constructor(
    readonly address: Peer,
    private readonly transmit: (to: Peer, bytes: Uint8Array) => Promise<void>,
    private readonly onClose: () => void,
    private readonly options: DatagramSocketOptions,
  ) {}

  get connectedTo(): Peer | undefined {
    return this.options.connectedTo;
  }

  /** What arrives, until the socket is closed. */
  get datagrams(): AsyncIterable<Datagram> {
    return this.#received;
  }

  /**
   * Resolves when the datagram is on its way; that it arrives nobody knows.
   * @throws NetworkError `ECONNREFUSED` when the other side is known to have nobody at that port, `EMSGSIZE`, `EHOSTUNREACH`
   */
  async send(to: Peer, bytes: Uint8Array): Promise<void> {
    if (this.#closed) throw new NetworkError('EPIPE', 'Broken pipe');
    if (bytes.length > LONGEST_DATAGRAM) throw new NetworkError('EMSGSIZE', 'Message too large');
    await this.transmit(to, bytes);
  }

  receive(bytes: Uint8Array, from: Peer): void {
    const { connectedTo } = this.options;
    const isStranger = connectedTo !== undefined && (connectedTo.ip !== from.ip || connectedTo.port !== from.port);
    if (!isStranger) this.#received.push({ bytes, from });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#received.end();
    this.onClose();
  }
}
