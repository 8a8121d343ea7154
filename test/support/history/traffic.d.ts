/**
 * What one client does, by chance: reads, creates, compare-and-swaps, patches, applies, deletes and lists of a few objects that
 * all fight for, or of many. The same seed makes the same choices; what comes of them depends on the others.
 */
import type { Random } from '@regatta/runtime';
import type { ObservedClient } from './observed-client.ts';
export interface TrafficOptions {
  readonly client: ObservedClient;
  readonly random: Random;
  readonly namespaces: readonly {
    readonly name: string;
    readonly objects: number;
  }[];
  /** Longest pause between two requests, milliseconds. */
  readonly pause: number;
  /** Ends when this aborts. */
  readonly signal: AbortSignal;
}
export declare function runTraffic(options: TrafficOptions): Promise<void>;
