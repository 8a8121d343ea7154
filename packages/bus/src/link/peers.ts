/**
 * Who is at the other end of open channels, and whether they live: a killed process must not hold streams.
 *
 * At each look every peer gets a heartbeat that asks for an answer address, so a peer whose connection is gone is noticed
 * at once (the server answers 503), and one that is frozen or cut off after `silence` ms.
 * A look that comes late means that this process was stalled: everybody is granted that time.
 */
import type { Channel } from './channel.ts';
import type { LinkLimits } from './limits.ts';

export interface Peer {
  readonly id: number;
  readonly address: string;
  readonly channels: Set<Channel>;
  heard: number;
}

export class Peers {
  readonly #byAddress = new Map<string, Peer>();
  readonly #byId = new Map<number, Peer>();
  #ids = 0;

  constructor(readonly limits: LinkLimits) {}

  get size(): number {
    return this.#byAddress.size;
  }

  /** Channels shared with the connection at this address. */
  count(address: string | undefined): number {
    return (address !== undefined && this.#byAddress.get(address)?.channels.size) || 0;
  }

  attach(address: string, channel: Channel, now: number): void {
    let peer = this.#byAddress.get(address);
    if (!peer) {
      peer = { id: ++this.#ids, address, channels: new Set(), heard: now };
      this.#byAddress.set(address, peer);
      this.#byId.set(peer.id, peer);
    }
    peer.channels.add(channel);
  }

  detach(address: string, channel: Channel): void {
    const peer = this.#byAddress.get(address);
    if (!peer?.channels.delete(channel) || peer.channels.size > 0) return;
    this.#byAddress.delete(address);
    this.#byId.delete(peer.id);
  }

  heard(address: string | undefined, now: number): void {
    const peer = address === undefined ? undefined : this.#byAddress.get(address);
    if (peer) peer.heard = now;
  }

  byId(id: number): Peer | undefined {
    return this.#byId.get(id);
  }

  /**
   * @param late how long this process was stalled, ms
   * @returns who is dead, and who is not
   */
  look(now: number, late: number): { readonly dead: readonly Peer[]; readonly alive: readonly Peer[] } {
    const dead: Peer[] = [];
    const alive: Peer[] = [];
    for (const peer of this.#byAddress.values()) {
      peer.heard += late;
      if (now - peer.heard > this.limits.silence) dead.push(peer);
      else alive.push(peer);
    }
    return { dead, alive };
  }
}
