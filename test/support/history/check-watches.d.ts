/**
 * What a watch promises (HIST-10 …), checked against everything that is known to have been written: ordered, unique, reliable,
 * atomic, resumable, bookmarkable, and telling the truth of what was before.
 */
import { type Violation, type WatchRecord } from './operation.ts';
import { type RevisionLog } from './revision-log.ts';
export declare function checkWatch(watch: WatchRecord, log: RevisionLog): Violation[];
/** What a list or initial events get wrong about the state at a revision. */
export declare function differences(
  items: readonly {
    readonly key: string;
    readonly revision: number;
  }[],
  log: RevisionLog,
  namespace: string,
  revision: number,
): string[];
