/**
 * The bus as components see it (DESIGN 4): calls and credit-controlled streams between identities, over NATS.
 * Rules BUS-1 … in docs/SPEC.md.
 */
import type { ExemptLine } from './faults/exempt-line.ts';

/** A duplex stream of byte frames. Each direction is ordered, gap-free, and flow-controlled by credit. */
export interface BusStream {
  /** Frames from the other side, until it ends. @throws BusError `lost-frame`, `aborted`, `disconnected` */
  readonly frames: AsyncIterable<Uint8Array>;
  /** Sends one frame (any size: large ones travel as chunks). Resolves when credit allows the next. */
  write(frame: Uint8Array): Promise<void>;
  /** No more frames from this side. */
  end(): Promise<void>;
  /** Ends both directions with an error for the other side. */
  abort(reason: string): void;
  /** Aborts when the stream is over, for whatever reason. */
  readonly signal: AbortSignal;
}

/** A request that arrived. Exactly one of reply, fail and accept is called. */
export interface IncomingCall {
  readonly subject: string;
  /** The Kubernetes user name of the caller, proven by the server's permissions (it is part of the subject). */
  readonly caller: string;
  readonly request: Uint8Array;
  reply(response: Uint8Array): Promise<void>;
  fail(message: string): Promise<void>;
  /** Turns the call into a stream; `response` is what the opener gets first. */
  accept(response: Uint8Array): Promise<BusStream>;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Real milliseconds; 30 000 unless told. */
  readonly timeout?: number;
  /** Act as this user, where the connection's permissions allow it (the controller-manager's service accounts). */
  readonly as?: string;
}

export interface Served {
  /** Resolves when the broker knows of the service: calls made from then on arrive. */
  readonly ready: Promise<void>;
  stop(): Promise<void>;
}

export interface ServeOptions {
  /** Servers of the same queue share the calls. */
  readonly queue?: string;
  /** Calls in progress beyond this many are failed with `overloaded`. */
  readonly concurrency?: number;
  /** The same for calls of one caller. */
  readonly perCaller?: number;
}

/** What a connection holds now: all of it goes back to nothing when its calls and streams are over. */
export interface BusFigures {
  /** Calls and streams, asked and answered. */
  readonly channels: number;
  /** Connections at the other ends of them. */
  readonly peers: number;
  /** Calls that wait for their answer. */
  readonly asking: number;
  /** Calls that wait for the broker. */
  readonly waiting: number;
}

export interface BusConnection {
  /** The Kubernetes user name that this connection was opened as. */
  readonly user: string;
  /** A service that answers under a name: `api` (the apiservers), `node.<name>` (a node-agent). @throws BusError */
  call(service: string, request: Uint8Array, options?: CallOptions): Promise<Uint8Array>;
  /** Opens a stream; `response` is the acceptor's first answer. @throws BusError */
  open(
    service: string,
    request: Uint8Array,
    options?: CallOptions,
  ): Promise<{ readonly response: Uint8Array; readonly stream: BusStream }>;
  /** A handler that fails, or whose promise does, fails its call with `internal error`. */
  serve(service: string, handler: (call: IncomingCall) => unknown, options?: ServeOptions): Served;
  /** Calls back when the connection to the broker is lost (false) and when it is back (true). */
  onConnected(listener: (connected: boolean) => void): () => void;
  readonly connected: boolean;
  /** What no fault touches: for askEndpoint. */
  readonly exempt: ExemptLine;
  readonly figures: BusFigures;
  close(): Promise<void>;
  /** Ends the connection as a loss of power does: nobody is told, nothing is flushed. */
  sever(): Promise<void>;
}

export type BusErrorCode =
  | 'no-responders'
  | 'timeout'
  | 'aborted'
  | 'disconnected'
  | 'denied'
  | 'lost-frame'
  | 'remote'
  | 'overloaded'
  | 'too-large'
  | 'closed';

export class BusError extends Error {
  constructor(
    readonly code: BusErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'BusError';
  }
}
