/**
 * How API requests reach an apiserver: over the bus (msgpack) or over HTTPS (JSON), with one meaning.
 *
 * Invariants: `send` answers every HTTP status as a response and never throws for one; what throws is a failure to get an
 * answer at all, as a StatusError with code 503 or 504 and the transport's own error as `cause`. `watch` throws the
 * StatusError of a refusal; its iterable throws when the stream breaks, and ends when the server ended it.
 */
import type { ApiRequest, ApiResponse } from '@regatta/bus';

/** The encoding that a transport's bodies have. */
export interface Codec {
  readonly mediaType: string;
  encode(value: unknown): Uint8Array;
  /** @throws Error when the bytes are malformed */
  decode(bytes: Uint8Array): unknown;
}

export interface TransportRequest extends ApiRequest {
  /** Act as this user: the bus puts it in the subject, HTTP impersonates. */
  readonly as?: string;
  readonly signal?: AbortSignal;
  /** Real milliseconds until an answer must be there. */
  readonly timeout?: number;
}

/** One frame of a watch, decoded but not looked into. */
export interface RawWatchEvent {
  readonly type: string;
  readonly object: unknown;
}

export interface Transport {
  readonly codec: Codec;
  send(request: TransportRequest): Promise<ApiResponse>;
  watch(request: TransportRequest, signal: AbortSignal): Promise<AsyncIterable<RawWatchEvent>>;
  close(): Promise<void>;
}
