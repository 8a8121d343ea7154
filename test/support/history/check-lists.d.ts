import type { History, ListRecord, Violation } from './operation.ts';
import type { RevisionLog } from './revision-log.ts';
export declare function checkList(list: ListRecord, log: RevisionLog): Violation[];
/**
 * Whatever is asked for after something was answered is later in the order of revisions: writes have higher ones than anybody
 * had seen, lists of the newest state show at least those.
 */
export declare function checkRealTime({ operations, lists, watches }: History): Violation[];
