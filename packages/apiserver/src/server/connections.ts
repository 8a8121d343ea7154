/**
 * Every connection whose handshake is done, and what becomes of those that only take room.
 *
 * A look at all of them every few seconds finds readers that take nothing although something waits for them, and HTTP/2
 * peers that no longer answer pings. When there is no room for one more, the one that has been idle longest goes; when none
 * is idle, the oldest of the user who has most.
 *
 * Invariants: at most `connections` are open; one with an open stream (a watch, a log, exec) is not idle; nobody's only
 * connection makes room while it is busy; one whose stream is patient is not cut for reading slowly. An HTTP/2 peer is alive when it answers pings, whatever else it sends: nghttp2
 * stops listening to one that resets too many streams.
 */
import type { ServerHttp2Session } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { Clock, Timer } from '@regatta/runtime';
import { HttpLimits } from './limits.ts';
import type { TlsPeer } from './tls-peer.ts';

export type ConnectionLimits = Readonly<
  Record<'connections' | 'sweep' | 'stalledWrites' | 'pingInterval' | 'pingSilence', number>
>;

export class Connection {
  session: ServerHttp2Session | undefined;
  /** Who asked last; empty before the first request. */
  user = '';
  /** HTTP/1.1 requests that wait until those before them are answered. */
  pipelined = 0;
  /** Streamed answers under way. */
  streams = 0;
  patientStreams = 0;
  /** When bytes last went either way, as far as anybody looked. */
  activeAt: number;
  /** Since when bytes wait for the reader without any progress. */
  stalledAt: number | undefined;
  heardAt: number;
  pingedAt: number;
  #moved = 0;
  #taken = 0;

  constructor(
    readonly socket: TLSSocket,
    readonly peer: TlsPeer,
    now: number,
  ) {
    this.activeAt = now;
    this.heardAt = now;
    this.pingedAt = now;
  }

  /** Notes what happened since the last look. */
  look(now: number): void {
    const { bytesRead, bytesWritten, writableLength } = this.socket;
    if (bytesRead + bytesWritten !== this.#moved) this.activeAt = now;
    this.#moved = bytesRead + bytesWritten;
    const taken = bytesWritten - writableLength;
    if (writableLength === 0 || taken !== this.#taken || this.patientStreams > 0) this.stalledAt = undefined;
    else this.stalledAt ??= now;
    this.#taken = taken;
  }

  /** A streamed answer begins. Returns how it ends. */
  open(patient: boolean): () => void {
    this.streams++;
    if (patient) this.patientStreams++;
    return () => {
      this.streams--;
      if (patient) this.patientStreams--;
    };
  }

  cut(): void {
    this.session?.destroy();
    this.socket.destroy();
  }
}

export class Connections {
  readonly #open = new Set<Connection>();
  readonly #clock: Clock;
  readonly #limits: ConnectionLimits;
  #timer: Timer | undefined;

  constructor(clock: Clock, limits: Partial<ConnectionLimits> = {}) {
    this.#clock = clock;
    this.#limits = { ...HttpLimits, ...limits };
  }

  get size(): number {
    return this.#open.size;
  }

  *[Symbol.iterator](): Generator<Connection> {
    yield* [...this.#open];
  }

  /** Makes room for a new connection; undefined when there is none to be had. */
  add(socket: TLSSocket, peer: TlsPeer): Connection | undefined {
    if (this.#open.size >= this.#limits.connections) {
      const leaving = this.#idlest() ?? this.#oldestOfGreediest();
      if (!leaving) return undefined;
      this.#open.delete(leaving);
      leaving.cut();
    }
    const connection = new Connection(socket, peer, this.#clock.monotonic());
    this.#open.add(connection);
    socket.once('close', () => this.#remove(connection));
    this.#timer ??= this.#clock.setTimer(this.#limits.sweep, () => this.#sweep());
    return connection;
  }

  /** Stops looking. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #remove(connection: Connection): void {
    this.#open.delete(connection);
    if (this.#open.size === 0) this.close();
  }

  #idlest(): Connection | undefined {
    let idlest: Connection | undefined;
    for (const connection of this.#open) {
      if (connection.streams > 0 || (idlest && idlest.activeAt <= connection.activeAt)) continue;
      idlest = connection;
    }
    return idlest;
  }

  #oldestOfGreediest(): Connection | undefined {
    const byUser = new Map<string, Connection[]>();
    for (const connection of this.#open) {
      const his = byUser.get(connection.user);
      if (his) his.push(connection);
      else byUser.set(connection.user, [connection]);
    }
    const [most = []] = [...byUser.values()].sort((one, other) => other.length - one.length);
    return most.length > 1 ? most[0] : undefined;
  }

  #sweep(): void {
    const now = this.#clock.monotonic();
    for (const connection of [...this.#open]) {
      connection.look(now);
      const { stalledAt, session } = connection;
      if (stalledAt !== undefined && now - stalledAt >= this.#limits.stalledWrites) connection.cut();
      else if (session) this.#ping(connection, session, now);
    }
    this.#timer = this.#open.size > 0 ? this.#clock.setTimer(this.#limits.sweep, () => this.#sweep()) : undefined;
  }

  /** Go's clients ask their servers in the same way (golang.org/x/net/http2 ReadIdleTimeout). */
  #ping(connection: Connection, session: ServerHttp2Session, now: number): void {
    if (now - connection.heardAt >= this.#limits.pingSilence) return connection.cut();
    if (now - connection.pingedAt < this.#limits.pingInterval || session.destroyed) return;
    connection.pingedAt = now;
    session.ping((error) => {
      if (!error) connection.heardAt = this.#clock.monotonic();
    });
  }
}
