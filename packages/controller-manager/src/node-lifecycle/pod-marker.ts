/**
 * Marks the Pods of a node that is not ready (pkg/controller/util/node, MarkPodsNotReady): condition Ready goes False, so
 * that no Service sends them anything.
 *
 * Regatta's difference (`--node-loss unknown`, docs/decisions/0071): when nobody hears from the node, the same write sets
 * the phase to Unknown, for that is all that is known. A Pod that ended keeps its phase.
 */
import { isNotFound, type Node, type Pod, type PodStatus } from '@regatta/api';
import { type EventRecorder, formatTime, type ResourceClient } from '@regatta/client';
import type { ClusterClock } from '@regatta/runtime';
import { forEachLimited } from '../framework/limited-concurrency.ts';
import { retryOnConflict } from '../framework/retry-on-conflict.ts';
import { isUnreachable } from '../nodes/node-conditions.ts';
import { isPodTerminal, podCondition, withPodCondition } from '../pods/pod-conditions.ts';

export type NodeLoss = 'unknown' | 'upstream';

const CONCURRENCY = 16;

export interface PodMarkerOptions {
  readonly client: ResourceClient<Pod>;
  readonly recorder: EventRecorder;
  readonly clock: ClusterClock;
  readonly nodeLoss: NodeLoss;
}

export class PodMarker {
  constructor(readonly options: PodMarkerOptions) {}

  /** @throws the first failure, after all were tried */
  async markNotReady(node: Node, pods: readonly Pod[]): Promise<void> {
    const failures = await forEachLimited(pods, CONCURRENCY, (pod) => this.#mark(node, pod));
    if (failures.length > 0) throw failures[0];
  }

  async #mark(node: Node, cached: Pod): Promise<void> {
    const { client, recorder } = this.options;
    const { name, namespace } = cached.metadata;
    let wasReady = false;
    try {
      await retryOnConflict(
        () => client.get(name, namespace),
        async (pod) => {
          const status = this.#marked(node, pod);
          if (!status || pod.metadata.uid !== cached.metadata.uid) return;
          await client.updateStatus({ ...pod, status });
          wasReady = isReadyChange(pod, status);
        },
        cached,
      );
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    if (wasReady) recorder.event(cached, 'Warning', 'NodeNotReady', 'Node is not ready');
  }

  /** The status to write; undefined when the Pod is marked already. */
  #marked(node: Node, pod: Pod): PodStatus | undefined {
    const { status = {} } = pod;
    const ready = podCondition(pod, 'Ready');
    const now = formatTime(this.options.clock.now());
    const unready = ready && withPodCondition(status, { ...ready, status: 'False' }, now);
    const lost = this.options.nodeLoss === 'unknown' && isUnreachable(node) && !isPodTerminal(pod);
    if (!lost || status.phase === 'Unknown') return unready;
    return { ...(unready ?? status), phase: 'Unknown' };
  }
}

function isReadyChange(pod: Pod, status: PodStatus): boolean {
  const after = status.conditions?.find(({ type }) => type === 'Ready')?.status;
  return podCondition(pod, 'Ready')?.status !== after;
}
