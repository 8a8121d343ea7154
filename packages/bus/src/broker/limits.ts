/**
 * The broker's limits, with a stock nats-server's defaults where it has one.
 */
export interface BrokerLimits {
  /** Bytes of one message, headers included. */
  readonly maxPayload: number;
  /** Bytes of a protocol line without its payload. */
  readonly maxControlLine: number;
  /** Bytes that wait to be written to one client; one more and it is cut off. */
  readonly maxPending: number;
  readonly maxConnections: number;
  readonly maxSubscriptions: number;
  /** Real milliseconds within which a client must have authenticated. */
  readonly authTimeout: number;
  /** Real milliseconds between PINGs, and how many may stay unanswered. */
  readonly pingInterval: number;
  readonly maxPingsOut: number;
}

export const DEFAULT_LIMITS: BrokerLimits = {
  maxPayload: 1024 * 1024,
  maxControlLine: 4096,
  maxPending: 64 * 1024 * 1024,
  maxConnections: 16_384,
  maxSubscriptions: 65_536,
  authTimeout: 5000,
  pingInterval: 120_000,
  maxPingsOut: 2,
};
