/**
 * Connections on their way to TLS: a few handshakes begin in each turn of the event loop, so that a storm of newcomers
 * leaves time for those who are in.
 *
 * Invariants: at most `handshakes` connections wait or shake hands, the oldest makes room; the socket of a handshake that
 * failed or took too long is closed.
 */
import type { Socket } from 'node:net';
import { yieldToEventLoop } from '@regatta/runtime';
import { HttpLimits } from './limits.ts';

export type AcceptLimits = Readonly<Record<'handshakes' | 'handshakesPerTurn', number>>;

export class AcceptGate {
  /** In the order in which they came, by the address of the other end: TLS doesn't tell which socket is below it. */
  readonly #inside = new Map<string, Socket>();
  readonly #waiting: Socket[] = [];
  readonly #limits: AcceptLimits;
  #turning = false;

  /** @param begin starts the handshake of a socket */
  constructor(
    readonly begin: (socket: Socket) => void,
    limits: Partial<AcceptLimits> = {},
  ) {
    this.#limits = { ...HttpLimits, ...limits };
  }

  /** Connections whose handshake is not done. */
  get size(): number {
    return this.#inside.size;
  }

  accept(socket: Socket): void {
    const key = keyOf(socket);
    this.#inside.set(key, socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      if (this.#inside.get(key) === socket) this.#inside.delete(key);
    });
    if (this.#inside.size > this.#limits.handshakes) this.#dropOldest();
    this.#waiting.push(socket);
    this.#startTurn();
  }

  /** The handshake is done. */
  done(secured: Socket): void {
    this.#inside.delete(keyOf(secured));
  }

  /** The handshake failed, or took too long. */
  failed(secured: Socket): void {
    this.#inside.get(keyOf(secured))?.destroy();
    secured.destroy();
  }

  close(): void {
    for (const socket of this.#inside.values()) socket.destroy();
    this.#waiting.length = 0;
  }

  #dropOldest(): void {
    const [oldest] = this.#inside;
    if (!oldest) return;
    this.#inside.delete(oldest[0]);
    oldest[1].destroy();
  }

  #startTurn(): void {
    if (this.#turning) return;
    this.#turning = true;
    void yieldToEventLoop().then(() => {
      this.#turning = false;
      let begun = 0;
      while (begun < this.#limits.handshakesPerTurn) {
        const socket = this.#waiting.shift();
        if (!socket) return;
        if (socket.destroyed) continue;
        begun++;
        this.begin(socket);
      }
      if (this.#waiting.length > 0) this.#startTurn();
    });
  }
}

function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
