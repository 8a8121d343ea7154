/**
 * The vocabulary of faults (DESIGN 10): what may be done to an endpoint of the bus on purpose, and how it is said.
 *
 * An endpoint is a connection's user (`system:node:node-1`, `system:kube-scheduler`, …). Whoever may set faults sends a
 * FaultCommand to the endpoint's own subject, which no fault touches. Every fault is a lease: it ends by itself after
 * `forMs`, also when whoever set it is dead.
 */

/** What happens to messages of a link. Exactly one of the fields is there. */
export interface LinkEffect {
  /** Share of messages that get lost, above 0, at most 1. 1 cuts the link. */
  readonly drop?: number;
  /** Each message waits `ms`, and up to `jitterMs` more; order is kept. Real milliseconds. */
  readonly delay?: { readonly ms: number; readonly jitterMs?: number };
  /** Share of messages that arrive twice, above 0, at most 1. */
  readonly duplicate?: number;
  /** Bytes a second. */
  readonly bandwidth?: number;
}

/** A fault of the links between one endpoint, which keeps it, and others. */
export interface LinkFault {
  /** Chosen by whoever sets it; setting the same id again replaces the fault. */
  readonly id: string;
  /** Users at the other ends. `*` stands for everybody. */
  readonly peers: readonly string[];
  /** As the endpoint that keeps the fault sees it: `out` is what it sends. */
  readonly direction: 'both' | 'in' | 'out';
  readonly effect: LinkEffect;
  /** Real milliseconds until it ends, above 0, at most LONGEST_FAULT_MS. */
  readonly forMs: number;
}

/** A fault that is on, as `list` tells it. */
export interface ActiveFault extends LinkFault {
  /** Real milliseconds that are left. */
  readonly leftMs: number;
}

export type FaultCommand =
  | { readonly op: 'set'; readonly fault: LinkFault }
  /** Ends faults: those with these ids, or all. */
  | { readonly op: 'heal'; readonly ids?: readonly string[] }
  | { readonly op: 'list' }
  /** The process ends at once, as by SIGKILL: for a node-agent its machine loses power. */
  | { readonly op: 'kill' }
  /** The process is stopped (SIGSTOP) and goes on by itself after `forMs` real milliseconds. */
  | { readonly op: 'freeze'; readonly forMs: number }
  | { readonly op: 'thaw' };

export type FaultAnswer =
  | { readonly ok: true; readonly faults: readonly ActiveFault[]; readonly frozenForMs?: number }
  /** `code` is one of: `invalid` (the command makes no sense), `refused` (this endpoint can't do that). */
  | { readonly ok: false; readonly code: 'invalid' | 'refused'; readonly message: string };

/** A day. */
export const LONGEST_FAULT_MS = 86_400_000;

/** Faults that one endpoint keeps at once. */
export const MOST_FAULTS = 64;

/** Peers that one fault names. `*` is for more. */
export const MOST_PEERS = 1024;

/** Characters of a fault's id, and of a peer. */
export const LONGEST_NAME = 253;

/** Real milliseconds that a delay, and its jitter, may ask for. */
export const LONGEST_DELAY_MS = 600_000;

/** What an endpoint answers to a command that it does not obey. */
export class FaultError extends Error {
  constructor(
    readonly code: 'invalid' | 'refused',
    message: string,
  ) {
    super(message);
    this.name = 'FaultError';
  }
}
