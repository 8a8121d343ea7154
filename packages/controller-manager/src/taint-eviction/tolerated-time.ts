/**
 * How long a Pod may stay on a tainted node (pkg/controller/tainteviction/taint_eviction.go). Pure.
 */
import type { Taint, Toleration } from '@regatta/api';
import { tolerates } from '../nodes/taints.ts';

/** Cluster milliseconds; 0 for a Pod that must go now, Infinity for one that may stay. */
export function toleratedTime(taints: readonly Taint[], tolerations: readonly Toleration[] = []): number {
  const used = taints.map((taint) => tolerations.filter((toleration) => tolerates(toleration, taint)));
  if (used.some((matching) => matching.length === 0)) return 0;
  const seconds = used.flat().flatMap(({ tolerationSeconds }) => tolerationSeconds ?? []);
  return seconds.length === 0 ? Number.POSITIVE_INFINITY : Math.max(0, Math.min(...seconds)) * 1000;
}
