/**
 * The Pods of one node: a worker each, and the admission of newcomers (upstream: pkg/kubelet/kubelet.go, HandlePod*).
 */
import type { Node, Pod } from '@regatta/api';
import { admitPod, judgeResize, refusedUnderPressure } from './pod-admission.ts';
import { isTerminalPhase, podReference, uidOf } from './pod-names.ts';
import type { PodServices } from './pod-services.ts';
import type { PodStatuses } from './pod-statuses.ts';
import { PodWorker } from './pod-worker.ts';
import { isMirror } from './static/static-pod.ts';
import type { StaticPods } from './static/static-pods.ts';
import { BY_KUBELET } from './status/pod-conditions.ts';

/** Who is evicted for its use of the disk gets no more. */
const EVICTION_GRACE_SECONDS = 1;

export class PodManager {
  readonly #workers = new Map<string, PodWorker>();
  #statics: StaticPods | undefined;

  /** @param node the node as the API has it, for admission */
  constructor(
    private readonly services: PodServices,
    private readonly node: () => Node | undefined,
    /** Whether the machine's memory is nearly out. */
    private readonly underPressure: () => boolean = () => false,
  ) {
    services.runtime.onChange((uid) => this.changed(uid));
  }

  /** A Pod is bound to this node, or was changed. */
  update(pod: Pod): void {
    if (isMirror(pod)) return this.#statics?.mirrorSeen(pod);
    const uid = uidOf(pod);
    const worker = this.#workers.get(uid) ?? this.#accept(pod);
    worker.update(pod);
  }

  /** The API has deleted the Pod. */
  remove(pod: Pod): void {
    if (isMirror(pod)) return this.#statics?.mirrorGone(pod);
    this.#workers.get(uidOf(pod))?.gone(pod);
  }

  removeByUid(uid: string): void {
    this.#workers.get(uid)?.gone();
  }

  /** The machine has Pods of its own: mirrors are these Pods' business. */
  followStatic(statics: StaticPods): void {
    this.#statics = statics;
  }

  /** Runs a static Pod, which reports to where it says. */
  runStatic(pod: Pod, statuses: PodStatuses, onDone: () => void): void {
    this.#accept(pod, { ...this.services, statuses }, onDone).update(pod);
  }

  /** The uid that the runtime knows a Pod of the API by: a mirror's is that of the Pod which it shows. */
  runtimeUid(uid: string): string {
    return this.#statics?.uidOfMirror(uid) ?? uid;
  }

  /** The runtime's records or a probe's verdict changed. */
  changed(uid: string): void {
    this.#workers.get(uid)?.changed();
  }

  /** A Pod keeps more on disk than it may (upstream: pkg/kubelet/eviction/eviction_manager.go, evictPod). */
  evict(uid: string, message: string): void {
    const worker = this.#workers.get(uid);
    if (worker === undefined || !worker.isActive) return;
    this.services.events.event(podReference(worker.pod), 'Warning', 'Evicted', message);
    worker.fail({
      reason: 'Evicted',
      message,
      graceSeconds: EVICTION_GRACE_SECONDS,
      disruption: BY_KUBELET,
    });
  }

  /** Every worker looks again: something that all depend on has changed (the network is ready). */
  wakeAll(): void {
    for (const worker of this.#workers.values()) worker.wake();
  }

  find(uid: string): Pod | undefined {
    return this.#workers.get(this.runtimeUid(uid))?.pod;
  }

  /** Pods that count against the machine's resources. */
  active(): Pod[] {
    return [...this.#workers.values()].filter(({ isActive }) => isActive).map(({ pod }) => pod);
  }

  /** Every Pod that this node has to do with. */
  all(): Pod[] {
    return [...this.#workers.values()].map(({ pod }) => pod);
  }

  get size(): number {
    return this.#workers.size;
  }

  /** The first list is complete: what the runtime remembers of other Pods is left over from before. */
  async cleanUp(): Promise<void> {
    const { runtime } = this.services;
    for (const uid of runtime.podUids()) {
      if (this.#workers.has(uid)) continue;
      for (const record of runtime.containers(uid)) await runtime.removeContainer(record.id);
      for (const sandbox of runtime.sandboxes(uid)) await runtime.removeSandbox(sandbox.id);
    }
    this.services.volumes.emptyDirs.retain((uid) => this.#workers.has(uid));
  }

  close(): void {
    for (const worker of this.#workers.values()) worker.close();
  }

  #othersOf(uid: string): Pod[] {
    return [...this.#workers].filter(([other, { isActive }]) => other !== uid && isActive).map(([, { pod }]) => pod);
  }

  /** There may be room for what could not be given before. */
  #considerResizes(): void {
    for (const worker of this.#workers.values()) if (worker.isRefusedResize) worker.considerResize();
  }

  #accept(pod: Pod, services: PodServices = this.services, onDone: () => void = () => {}): PodWorker {
    const uid = uidOf(pod);
    const worker = new PodWorker(pod, services, {
      judge: (asked) => judgeResize(asked, this.#othersOf(uid), this.services.node.allocatable),
      onResized: () => this.#considerResizes(),
      onDone: () => {
        if (this.#workers.get(uid) === worker) this.#workers.delete(uid);
        this.#considerResizes();
        onDone();
      },
    });
    const others = this.#othersOf(uid);
    this.#workers.set(uid, worker);
    if (isTerminalPhase(pod.status?.phase) || pod.metadata.deletionTimestamp !== undefined) return worker;
    // What this node has already begun to run was admitted before.
    if (this.services.runtime.sandboxes(uid).length > 0) return worker;
    const refusal =
      (this.underPressure() ? refusedUnderPressure(pod) : undefined) ??
      admitPod(pod, others, this.node(), this.services.node.allocatable);
    if (refusal) {
      this.services.events.event(podReference(pod), 'Warning', refusal.reason, refusal.message);
      worker.fail({ reason: refusal.reason, message: `Pod was rejected: ${refusal.message}` });
    }
    return worker;
  }
}
