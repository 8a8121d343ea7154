/**
 * A Pod that waits for a node, with what is known of earlier attempts.
 */
import type { PodInfo } from '../cache/pod-info.ts';

export interface QueuedPod {
  info: PodInfo;
  /** When it was queued last, epoch ms; older first among equals. */
  timestamp: number;
  /** Order of arrival: decides between Pods of one millisecond. */
  readonly sequence: number;
  attempts: number;
  /** Attempts in a row that ended with the Pod refused by nodes: each lengthens the back-off. */
  unschedulableCount: number;
  /** Attempts in a row that ended with an error, such as a binding that failed. */
  errorCount: number;
  /** Names of the plugins that refused it last: only events that these ask for can help. */
  rejectedBy: ReadonlySet<string>;
  /** The plugin that keeps it out of the queue altogether. */
  gatedBy: string | undefined;
}

/** Before others: higher priority, then longer waiting (upstream: plugin PrioritySort). */
export function isBefore(a: QueuedPod, b: QueuedPod): boolean {
  if (a.info.priority !== b.info.priority) return a.info.priority > b.info.priority;
  return a.timestamp < b.timestamp || (a.timestamp === b.timestamp && a.sequence < b.sequence);
}
