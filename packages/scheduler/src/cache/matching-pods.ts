/**
 * How many Pods on each node a selector matches, kept up to date Pod by Pod, so that spreading costs no scan.
 *
 * Invariants: Pods that are being deleted don't count; at most LIMIT selectors are kept, the least recently used go first.
 */
import type { LabelMatcher } from '@regatta/api';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';
import type { SchedulerCache } from './scheduler-cache.ts';

const LIMIT = 128;

export interface PodSelector {
  readonly namespace: string;
  readonly matcher: LabelMatcher;
  /** Says the same as `matcher`: selectors with equal keys share their counts. */
  readonly key: string;
}

interface Tracked {
  readonly selector: PodSelector;
  readonly counts: Map<NodeInfo, number>;
}

export class MatchingPods {
  readonly #tracked = new Map<string, Tracked>();

  constructor(readonly cache: SchedulerCache) {
    cache.onPod((change, pod, node) => {
      for (const tracked of this.#tracked.values()) count(tracked, pod, node, change === 'add' ? 1 : -1);
    });
  }

  /** The counts by node; nodes without a match are missing. The map lives on: don't keep it. */
  countsOf(selector: PodSelector): ReadonlyMap<NodeInfo, number> {
    const name = `${selector.namespace}\n${selector.key}`;
    const tracked = this.#tracked.get(name) ?? this.#scan(selector);
    this.#tracked.delete(name);
    this.#tracked.set(name, tracked);
    if (this.#tracked.size > LIMIT) this.#dropOldest();
    return tracked.counts;
  }

  #scan(selector: PodSelector): Tracked {
    const tracked: Tracked = { selector, counts: new Map() };
    for (const node of this.cache.nodes) for (const pod of node.pods.values()) count(tracked, pod, node, 1);
    return tracked;
  }

  #dropOldest(): void {
    for (const name of this.#tracked.keys()) {
      this.#tracked.delete(name);
      return;
    }
  }
}

export function selects({ namespace, matcher }: PodSelector, pod: PodInfo): boolean {
  return pod.namespace === namespace && !pod.pod.metadata.deletionTimestamp && matcher.matches(pod.labels);
}

function count({ selector, counts }: Tracked, pod: PodInfo, node: NodeInfo, sign: 1 | -1): void {
  if (!selects(selector, pod)) return;
  const total = (counts.get(node) ?? 0) + sign;
  if (total > 0) counts.set(node, total);
  else counts.delete(node);
}
