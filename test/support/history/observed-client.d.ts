/**
 * A client whose every request on ConfigMaps is recorded, whatever its transport.
 *
 * An answer that tells of the state is `refused`; no answer is `unknown`, unless nobody can have had the request. Any other
 * refusal is no crash's doing and is thrown: it ends the run.
 */
import { type ConfigMap } from '@regatta/api';
import { type ApiClient, type ResourceClient } from '@regatta/client';
import type { Call, Item, ListRecord, Outcome, Version } from './operation.ts';
import type { HistoryRecorder } from './recorder.ts';
export interface ListAsked {
  readonly limit?: number;
  readonly asked?: {
    readonly revision: number;
    readonly match: 'Exact' | 'NotOlderThan';
  };
}
export declare class ObservedClient {
  #private;
  readonly name: string;
  readonly api: ApiClient;
  readonly recorder: HistoryRecorder;
  readonly configMaps: ResourceClient<ConfigMap>;
  /** What this client saw last of each object. */
  readonly seen: Map<string, Version>;
  constructor(name: string, api: ApiClient, recorder: HistoryRecorder);
  perform(key: string, call: Call): Promise<Outcome>;
  /** Lists a namespace, page by page. @returns what was recorded; undefined when it was given up */
  list(namespace: string, { limit, asked }: ListAsked, signal: AbortSignal): Promise<ListRecord | undefined>;
}
export declare function itemOf({ metadata, data }: ConfigMap): Item;
/** @throws the error when it is neither a refusal that tells of the state nor a missing answer */
export declare function outcomeOf(error: unknown): Outcome;
