import type { Random } from '@regatta/runtime';
import { type ObservedClient } from './observed-client.ts';
export declare class WatchReader {
  #private;
  readonly client: ObservedClient;
  readonly namespace: string;
  readonly random: Random;
  /** Initial lists and 410s. */
  restarts: number;
  /** @param since where it begins; undefined: with initial events */
  constructor(client: ObservedClient, namespace: string, random: Random, since: number | undefined);
  /** Everything up to here was shown. */
  get position(): number;
  run(signal: AbortSignal): Promise<void>;
}
