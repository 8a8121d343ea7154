import { type History, type Violation } from './operation.ts';
import { RevisionLog } from './revision-log.ts';
export interface CheckedHistory {
  readonly violations: readonly Violation[];
  /** Revisions that anybody told of. */
  readonly revisions: number;
  /** Configurations that the searches for an order went through. */
  readonly configurations: number;
}
export declare function checkHistory(history: History): CheckedHistory;
/** Everything that anybody was told, by revision. */
export declare function unionOf(history: History): {
  readonly log: RevisionLog;
  readonly violations: Violation[];
};
