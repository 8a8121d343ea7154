/**
 * The two ends of an emulated TCP connection.
 *
 * Invariants: an end that finishes writing leaves the other direction open (half-close); an end that closes ends what the
 * other reads and breaks what it writes (EPIPE), whatever went wrong in its program; one that closes with bytes unread or
 * unsent, or resets, resets the other (ECONNRESET); a writer waits while the reader has WINDOW bytes unread.
 */
import { SocketDuplex } from '@regatta/bus';
import { NetworkError, type Peer } from './network-error.ts';

/** Bytes on their way in one direction. */
const WINDOW = 64 * 1024;

export class Connection extends SocketDuplex {
  #other: Connection | undefined;
  #resume: (() => void) | undefined;
  /** The other side has said all it will. */
  #ended = false;
  readonly remoteFamily = 'IPv4';

  constructor(
    readonly local: Peer,
    readonly remote: Peer,
  ) {
    super({ allowHalfOpen: true, readableHighWaterMark: WINDOW, writableHighWaterMark: WINDOW });
    // Whoever uses the connection sees the error as the end of what it reads; nobody need listen for it.
    this.on('error', () => {});
  }

  get remoteAddress(): string {
    return this.remote.ip;
  }

  get remotePort(): number {
    return this.remote.port;
  }

  get localAddress(): string {
    return this.local.ip;
  }

  get localPort(): number {
    return this.local.port;
  }

  join(other: Connection): void {
    this.#other = other;
  }

  /** Ends the connection as a RST does. */
  reset(): void {
    this.destroy(new NetworkError('ECONNRESET', 'Connection reset by peer'));
  }

  override _read(): void {
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error) => void): void {
    const other = this.#other;
    if (other === undefined || other.destroyed) return done(new NetworkError('EPIPE', 'Broken pipe'));
    if (other.push(chunk)) done();
    else other.#resume = done;
  }

  override _final(done: () => void): void {
    if (this.#other !== undefined) this.#other.#finish();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const other = this.#other;
    this.#other = undefined;
    this.#resume?.();
    const isReset = isConnectionReset(error) || this.readableLength > 0 || this.writableLength > 0;
    if (other !== undefined && !other.destroyed) other.#lost(isReset);
    done(error);
  }

  /** The other end is gone. */
  #lost(isReset: boolean): void {
    this.#other = undefined;
    if (isReset) this.destroy(new NetworkError('ECONNRESET', 'Connection reset by peer'));
    else if (!this.#ended) this.#finish();
  }

  #finish(): void {
    this.#ended = true;
    this.push(null);
  }
}

function isConnectionReset(error: Error | null): boolean {
  return error instanceof NetworkError && error.code === 'ECONNRESET';
}

export function connectionPair(client: Peer, server: Peer): readonly [Connection, Connection] {
  const near = new Connection(client, server);
  const far = new Connection(server, client);
  near.join(far);
  far.join(near);
  return [near, far];
}
