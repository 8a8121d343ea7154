/**
 * Pods that preemption has promised a node: while their victims end, nobody of lower priority takes the room
 * (upstream: pkg/scheduler/backend/queue/nominator.go).
 */
import type { PodInfo } from '../cache/pod-info.ts';

const NONE: readonly PodInfo[] = [];

export class Nominations {
  readonly #nodes = new Map<string, { readonly pod: PodInfo; readonly nodeName: string }>();

  set(pod: PodInfo, nodeName: string): void {
    this.#nodes.set(pod.uid, { pod, nodeName });
  }

  delete(uid: string): void {
    this.#nodes.delete(uid);
  }

  nodeOf(uid: string): string | undefined {
    return this.#nodes.get(uid)?.nodeName;
  }

  /** Pods that are promised `nodeName` and are no less important than `pod`. */
  on(nodeName: string, pod: PodInfo): readonly PodInfo[] {
    if (this.#nodes.size === 0) return NONE;
    return [...this.#nodes.values()]
      .filter((n) => n.nodeName === nodeName && n.pod.uid !== pod.uid && n.pod.priority >= pod.priority)
      .map((n) => n.pod);
  }
}
