/**
 * What a Pod that fits nowhere is told (upstream: pkg/scheduler/framework/types.go, FitError):
 * `0/3 nodes are available: <reasons, counted and sorted>. <what PostFilter said>`.
 */
import type { Rejection } from './rejection.ts';

/** Longest note of an Event (pkg/apis/core/validation, NoteLengthLimit). */
const NOTE_LIMIT = 1024;

export interface Diagnosis {
  readonly allNodes: number;
  /** By node name. Nodes that are not here were kept out by `absent`. */
  readonly rejections: ReadonlyMap<string, Rejection>;
  readonly absent?: Rejection;
  /** A PreFilter plugin refused the Pod for every node. */
  readonly preFilter?: Rejection;
  readonly postFilterMessage?: string;
}

export function fitErrorMessage(diagnosis: Diagnosis): string {
  const { allNodes, preFilter, postFilterMessage } = diagnosis;
  const reasons = preFilter ? preFilter.reasons.join(', ') : countedReasons(diagnosis);
  return [
    `0/${allNodes} nodes are available:`,
    ...(reasons === '' ? [] : [`${reasons}.`]),
    ...(postFilterMessage ? [postFilterMessage] : []),
  ].join(' ');
}

/** Each reason with the number of nodes that gave it, sorted as text: `1 Insufficient memory, 2 Insufficient cpu`. */
function countedReasons({ allNodes, rejections, absent }: Diagnosis): string {
  const counts = new Map<string, number>();
  const count = (reason: string, nodes: number): void => void counts.set(reason, (counts.get(reason) ?? 0) + nodes);
  for (const rejection of rejections.values()) for (const reason of rejection.reasons) count(reason, 1);
  const missing = allNodes - rejections.size;
  if (missing > 0) for (const reason of absent?.reasons ?? []) count(reason, missing);
  return [...counts]
    .map(([reason, nodes]) => `${nodes} ${reason}`)
    .sort((a, b) => (a < b ? -1 : 1))
    .join(', ');
}

/** The message as an Event's note can hold it. */
export function truncateNote(message: string): string {
  return message.length <= NOTE_LIMIT ? message : `${message.slice(0, NOTE_LIMIT - 4)} ...`;
}
