/**
 * One request and its answer, without a transport: the HTTPS server and the bus server both speak this.
 *
 * Invariants: a body is read at most once; bytes of an answer may be shared with other answers and are never changed.
 */
import type { Readable } from 'node:stream';
import type { Credentials } from '../auth/identity.ts';

/** Takes room for this many bytes, while there is any. */
export type HoldBytes = (bytes: number) => boolean;

export type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>;

export interface ServerRequest {
  /** Upper case. */
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** Lower-case names. */
  readonly headers: RequestHeaders;
  readonly credentials: Credentials;
  /** A client certificate was sent that no trusted authority signed. */
  readonly certificateRejected: boolean;
  /** The caller's address; empty on the bus. */
  readonly remoteAddress: string;
  /**
   * The whole body, empty when there is none; the same one however often it is asked for.
   * @param hold asked for room for each piece the first time; a body that gets none is FlowRefused
   * @throws StatusError 413 past the limit, 504 when it does not come in in time
   */
  body(hold?: HoldBytes): Promise<Uint8Array> | Uint8Array;
  /** The body as it comes in, for whoever passes it on: instead of `body`. Undefined when there is none, or on the bus. */
  bodyStream?(): Readable | undefined;
  /** Nobody waits for an answer any more. */
  isGone(): boolean;
  /** Tells the transport who asks, as soon as it is known. */
  identified?(user: string): void;
  /** Aborts when the caller is gone. */
  readonly signal: AbortSignal;
}

export type ResponseHeaders = Record<string, string | string[]>;

export interface FixedResponse {
  readonly code: number;
  readonly headers: ResponseHeaders;
  /** Sent one after the other. */
  readonly body: readonly Uint8Array[];
  /** Called when everything is sent, or will never be. */
  sent?: (() => void) | undefined;
}

/** Where a streamed answer goes. */
export interface StreamSink {
  /** Sends bytes; false means: wait for `drained` before the next. */
  write(bytes: Uint8Array): boolean;
  drained(): Promise<void>;
  /** Aborts when the reader is gone or the server stops. */
  readonly signal: AbortSignal;
}

export interface StreamResponse {
  readonly code: number;
  readonly headers: ResponseHeaders;
  /** A reader may stop reading for as long as it likes (somebody looks at a log): all of it waits, back to the source. */
  readonly patient?: boolean;
  /** Runs once the head is sent; the answer ends when it resolves and is cut when it throws. */
  stream(sink: StreamSink): Promise<void>;
}

export type ServerResponse = FixedResponse | StreamResponse;

export function isStream(response: ServerResponse): response is StreamResponse {
  return 'stream' in response;
}

/** The first value of a header that may be sent more than once. */
export function headerValue(request: ServerRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
