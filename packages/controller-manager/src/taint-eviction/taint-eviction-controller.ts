/**
 * Deletes Pods from nodes with NoExecute taints, when their tolerations end (pkg/controller/tainteviction). Keys are
 * `node/<name>` and `pod/<namespace>/<name>`.
 *
 * Invariants: the time that a toleration gives counts in cluster time, from when this process first saw the taint; a
 * taint that goes away cancels; handlers of Pods are O(1) and do nothing for Pods of untainted nodes.
 *
 * Regatta's difference (`--node-loss unknown`, docs/decisions/0071): Pods of a node that nobody hears from get reason
 * NodeLost with their deletion, which upstream's printer shows as STATUS Unknown. One that a user deleted keeps none.
 */
import { isNotFound, jsonEqual, type Node, type Pod, type PodStatus, type Taint } from '@regatta/api';
import { type EventRecorder, formatTime, type Informer, type ResourceClient, resources } from '@regatta/client';
import type { Timer } from '@regatta/runtime';
import { type ControllerContext, clientFor, recorderFor } from '../framework/controller.ts';
import { KeyedController } from '../framework/keyed-controller.ts';
import { retryOnConflict } from '../framework/retry-on-conflict.ts';
import { BY_NODE } from '../framework/shared-informers.ts';
import { byNode, type NodeLifecycleOptions } from '../node-lifecycle/node-lifecycle-controller.ts';
import { isUnreachable } from '../nodes/node-conditions.ts';
import { noExecuteTaints } from '../nodes/taints.ts';
import { withPodCondition } from '../pods/pod-conditions.ts';
import { toleratedTime } from './tolerated-time.ts';

const COMPONENT = 'taint-eviction-controller';
const REASON = 'TaintManagerEviction';
const WORKERS = 8;

interface Eviction {
  /** When the Pod's time began, epoch ms. */
  readonly since: number;
  /** Cluster milliseconds from then on. */
  readonly duration: number;
  readonly timer: Timer;
}

export class TaintEvictionController extends KeyedController {
  readonly #nodes: Informer<Node>;
  readonly #pods: Informer<Pod>;
  readonly #client: ResourceClient<Pod>;
  readonly #recorder: EventRecorder;
  readonly #evictions = new Map<string, Eviction>();

  constructor(
    context: ControllerContext,
    readonly options: Pick<NodeLifecycleOptions, 'nodeLoss'>,
  ) {
    super({ name: COMPONENT, context, concurrency: WORKERS });
    // It has no role of its own: upstream lets it act as the node controller.
    const api = clientFor(context, 'node-controller');
    this.#client = api.resource(resources.pods);
    this.#recorder = recorderFor(context, api, COMPONENT);
    this.#nodes = this.reads(context.informers.for(resources.nodes));
    this.#pods = this.reads(context.informers.for(resources.pods));
    context.informers.index(resources.pods, BY_NODE, byNode);
    this.#nodes.addHandler({
      onAdd: (node) => this.#nodeChanged(node),
      onUpdate: (node, old) => this.#nodeChanged(node, old),
    });
    this.#pods.addHandler({
      onAdd: (pod) => this.#podChanged(pod),
      onUpdate: (pod, old) => this.#podChanged(pod, old),
      onDelete: (pod) => this.#podGone(pod),
    });
  }

  override async run(signal: AbortSignal): Promise<void> {
    await super.run(signal);
    for (const { timer } of this.#evictions.values()) timer.cancel();
    this.#evictions.clear();
  }

  protected async reconcile(key: string): Promise<void> {
    const [kind, first = '', second = ''] = key.split('/');
    if (kind === 'evict') return this.#evict(first, second);
    if (kind === 'pod') return this.#syncPod(this.#pods.get(first, second));
    for (const pod of this.#pods.byIndex(BY_NODE, first)) this.#syncPod(pod);
  }

  #nodeChanged(node: Node, old?: Node): void {
    const taints = noExecuteTaints(node);
    const before = old ? noExecuteTaints(old) : [];
    if (!jsonEqual(taints, before)) this.queue.add(`node/${node.metadata.name}`);
  }

  #podChanged(pod: Pod, old?: Pod): void {
    const { nodeName, tolerations } = pod.spec;
    if (!nodeName || (old && old.spec.nodeName === nodeName && jsonEqual(old.spec.tolerations, tolerations))) return;
    const node = this.#nodes.get('', nodeName);
    if (node && noExecuteTaints(node).length > 0) this.queue.add(`pod/${idOf(pod)}`);
  }

  #podGone(pod: Pod): void {
    if (this.#evictions.has(idOf(pod))) this.#cancel(pod);
  }

  #syncPod(pod: Pod | undefined): void {
    const node = this.#nodes.get('', pod?.spec.nodeName ?? '');
    if (!pod || !node) return;
    const taints = noExecuteTaints(node);
    if (taints.length === 0) return this.#cancel(pod);
    this.#plan(pod, taints);
  }

  #plan(pod: Pod, taints: readonly Taint[]): void {
    const duration = toleratedTime(taints, pod.spec.tolerations);
    if (duration === Number.POSITIVE_INFINITY) return this.#cancel(pod);
    const { clusterClock } = this.context;
    const planned = this.#evictions.get(idOf(pod));
    if (planned && duration > 0) {
      // The time that began with the first taint goes on; it only ever gets shorter.
      if (planned.duration <= duration) return;
      this.#cancel(pod);
      return this.#arm(pod, planned.since, duration);
    }
    this.#cancel(pod);
    this.#arm(pod, clusterClock.now(), duration);
  }

  #arm(pod: Pod, since: number, duration: number): void {
    const id = idOf(pod);
    const due = (): void => this.queue.add(`evict/${id}`);
    const timer = this.context.clusterClock.setTimer(duration, due, since);
    this.#evictions.set(id, { since, duration, timer });
  }

  #cancel(pod: Pod): void {
    const planned = this.#evictions.get(idOf(pod));
    if (!planned) return;
    planned.timer.cancel();
    this.#evictions.delete(idOf(pod));
    this.#recorder.event(pod, 'Normal', REASON, `Cancelling deletion of Pod ${idOf(pod)}`);
  }

  async #evict(namespace: string, name: string): Promise<void> {
    const pod = this.#pods.get(namespace, name);
    const id = `${namespace}/${name}`;
    if (!pod || !this.#evictions.has(id)) return;
    this.#recorder.event(pod, 'Normal', REASON, `Marking for deletion Pod ${id}`);
    await this.#delete(pod);
    this.#evictions.delete(id);
  }

  async #delete({ metadata: { name, namespace, uid } }: Pod): Promise<void> {
    try {
      await retryOnConflict(
        () => this.#client.get(name, namespace),
        async (pod) => {
          if (pod.metadata.uid !== uid) return;
          const status = this.#evictedStatus(pod);
          if (status) await this.#client.updateStatus({ ...pod, status });
        },
      );
      await this.#client.delete(name, { namespace, preconditions: { uid } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  #evictedStatus(pod: Pod): PodStatus | undefined {
    const { metadata, status = {} } = pod;
    const condition = {
      type: 'DisruptionTarget',
      ...(status.observedGeneration ? { observedGeneration: metadata.generation } : {}),
      status: 'True',
      reason: 'DeletionByTaintManager',
      message: 'Taint manager: deleting due to NoExecute taint',
    };
    const marked = withPodCondition(status, condition, formatTime(this.context.clock.now()));
    if (!this.#isLost(pod) || status.reason === 'NodeLost') return marked;
    const message = `Node ${pod.spec.nodeName} which was running pod ${metadata.name} is unresponsive`;
    return { ...(marked ?? status), reason: 'NodeLost', message };
  }

  #isLost({ metadata, spec }: Pod): boolean {
    if (this.options.nodeLoss === 'upstream' || metadata.deletionTimestamp) return false;
    const node = this.#nodes.get('', spec.nodeName ?? '');
    return node !== undefined && isUnreachable(node);
  }
}

function idOf({ metadata }: Pod): string {
  return `${metadata.namespace}/${metadata.name}`;
}
