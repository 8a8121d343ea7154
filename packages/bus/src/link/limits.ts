/**
 * Limits of calls and streams, all in bytes or real milliseconds.
 */
export interface LinkLimits {
  /** Payload of one frame; larger messages travel as several. A stock server takes 1 MiB. */
  readonly chunk: number;
  /** What may be on its way, or unread at the other side, in one direction of one stream. */
  readonly window: number;
  /** The largest request, and the largest message in a stream. */
  readonly maxMessage: number;
  /** The largest answer: lists can be long. */
  readonly maxResponse: number;
  /** Calls and streams of one connection at once. */
  readonly maxChannels: number;
  /** Of these, accepted of one other connection. */
  readonly maxPerPeer: number;
  /** A side that sent a peer nothing for so long sends a heartbeat. */
  readonly heartbeat: number;
  /** A server shows that it works on a call once that takes so long. */
  readonly sign: number;
  /** A call that nobody showed to be working on for so long fails. */
  readonly noSign: number;
  /** A peer that was silent for so long is dead. */
  readonly silence: number;
}

const MIB = 1024 * 1024;

export const DEFAULT_LINK_LIMITS: LinkLimits = {
  chunk: 256 * 1024,
  window: MIB,
  maxMessage: 16 * MIB,
  maxResponse: 512 * MIB,
  maxChannels: 100_000,
  maxPerPeer: 10_000,
  heartbeat: 2000,
  sign: 500,
  noSign: 3000,
  silence: 8000,
};

/** What each frame costs of the window beside its payload, so that many tiny frames are bounded too. */
export const FRAME_COST = 64;

/** Calls that wait for the broker to come back; more fail at once. */
export const MAX_WAITING_CALLS = 10_000;

/** Real milliseconds that a call may take unless told otherwise. */
export const DEFAULT_CALL_TIMEOUT = 30_000;
