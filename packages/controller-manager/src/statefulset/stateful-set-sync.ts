/**
 * One step of a StatefulSet (pkg/controller/statefulset/stateful_set_control.go, updateStatefulSet).
 *
 * Invariants: there are never two Pods of one ordinal: a Pod is made under its name only, and replaced only after the API
 * has let go of the old one; that is why a Pod on a lost node waits for the node, its removal, or the out-of-service
 * taint. An ordered set (OrderedReady) makes, deletes and updates one Pod at a time and waits for those before it; a
 * Parallel set does not wait when it scales.
 */
import { type ControllerRevision, isNotFound, type Pod, type StatefulSet } from '@regatta/api';
import type { EventRecorder, ResourceClient } from '@regatta/client';
import type { ClusterClock } from '@regatta/runtime';
import { isPodTerminal } from '../pods/pod-conditions.ts';
import { messageOf } from '../pods/pod-control.ts';
import {
  endOrdinal,
  isHealthy,
  isRunningAndAvailable,
  isTerminating,
  missingIdentity,
  newStatefulPod,
  ordinalOf,
  revisionNameOf,
  startOrdinal,
} from './stateful-pod.ts';
import type { VolumeClaims } from './volume-claims.ts';

export interface StatefulWrites {
  readonly pods: ResourceClient<Pod>;
  readonly claims: VolumeClaims;
  readonly recorder: EventRecorder;
  readonly clock: ClusterClock;
}

export interface StatefulState {
  readonly set: StatefulSet;
  /** The Pods that the set controls. */
  readonly pods: readonly Pod[];
  readonly current: ControllerRevision;
  readonly update: ControllerRevision;
}

export class StatefulSetSync {
  readonly #ordered: boolean;
  readonly #byOrdinal: ReadonlyMap<number, Pod>;

  constructor(
    readonly state: StatefulState,
    readonly writes: StatefulWrites,
  ) {
    const { set, pods } = state;
    this.#ordered = set.spec.podManagementPolicy !== 'Parallel';
    this.#byOrdinal = new Map(pods.map((pod) => [ordinalOf(set, pod) ?? -1, pod]));
  }

  async run(): Promise<void> {
    if (this.state.set.metadata.deletionTimestamp) return;
    if (!(await this.#fill())) return;
    if (!(await this.#shrink())) return;
    if (this.state.set.spec.updateStrategy?.type !== 'OnDelete') await this.#roll();
  }

  /** Makes what is missing, in order. @returns whether to go on with the next stage */
  async #fill(): Promise<boolean> {
    const { set } = this.state;
    let complete = true;
    for (let ordinal = startOrdinal(set); ordinal < endOrdinal(set); ordinal++) {
      const settled = await this.#fillOne(ordinal);
      if (!settled && this.#ordered) return false;
      complete &&= settled;
    }
    return complete || !this.#ordered;
  }

  /** @returns whether the Pod is there and what an ordered set may build on */
  async #fillOne(ordinal: number): Promise<boolean> {
    const { set } = this.state;
    const pod = this.#byOrdinal.get(ordinal);
    if (!pod) {
      if (this.writes.claims.isFresh(set, ordinal, undefined)) await this.#create(ordinal);
      return false;
    }
    if (isPodTerminal(pod)) {
      if (!isTerminating(pod)) await this.#recreate(pod);
      return false;
    }
    if (pod.status?.phase === undefined || pod.status.phase === 'Pending')
      await this.writes.claims.ensure(set, ordinal);
    const settled = this.#isAvailable(pod);
    if (settled || !this.#ordered) await this.#keepIdentity(pod);
    return settled;
  }

  /** Deletes what is too much, the highest ordinal first. */
  async #shrink(): Promise<boolean> {
    const { set, pods } = this.state;
    const inRange = (ordinal: number): boolean => ordinal >= startOrdinal(set) && ordinal < endOrdinal(set);
    const surplus = pods
      .filter((pod) => !inRange(ordinalOf(set, pod) ?? -1))
      .sort((a, b) => (ordinalOf(set, b) ?? -1) - (ordinalOf(set, a) ?? -1));
    const firstUnhealthy = this.#firstUnhealthy();
    for (const pod of surplus) {
      if (isTerminating(pod)) {
        if (this.#ordered) return false;
        continue;
      }
      if (this.#ordered && !this.#isAvailable(pod) && pod !== firstUnhealthy) return false;
      await this.writes.claims.applyRetention(set, pod);
      await this.#delete(pod);
      if (this.#ordered) return false;
    }
    return true;
  }

  /** Deletes Pods of an older revision, the highest ordinal first, down to the partition. */
  async #roll(): Promise<void> {
    const { set } = this.state;
    const { partition = 0 } = set.spec.updateStrategy?.rollingUpdate ?? {};
    const count = Math.max(0, endOrdinal(set) - startOrdinal(set) - partition);
    const pods = Array.from({ length: count }, (_, i) => this.#byOrdinal.get(endOrdinal(set) - 1 - i));
    const max = this.#maxUnavailable();
    if (max === 1) return this.#rollOne(pods);
    let room = max - pods.filter((pod) => !this.#isAvailable(pod)).length;
    for (const pod of pods) {
      if (room <= 0) return;
      if (!pod || !this.#isOutdated(pod)) continue;
      await this.#delete(pod);
      room--;
    }
  }

  /** One at a time: what is newer and not available yet is waited for; what is outdated goes even if it is broken. */
  async #rollOne(pods: readonly (Pod | undefined)[]): Promise<void> {
    for (const pod of pods) {
      if (pod && this.#isOutdated(pod)) return this.#delete(pod);
      if (!this.#isAvailable(pod)) return;
    }
  }

  #isOutdated(pod: Pod): boolean {
    return revisionNameOf(pod) !== this.state.update.metadata.name && !isTerminating(pod);
  }

  #isAvailable(pod: Pod | undefined): boolean {
    return pod !== undefined && isHealthy(pod) && isRunningAndAvailable(this.state.set, pod, this.writes.clock);
  }

  #maxUnavailable(): number {
    const { set } = this.state;
    const { maxUnavailable = 1 } = set.spec.updateStrategy?.rollingUpdate ?? {};
    if (typeof maxUnavailable === 'number') return Math.max(1, maxUnavailable);
    return Math.max(1, Math.ceil((Number.parseInt(maxUnavailable, 10) * (set.spec.replicas ?? 1)) / 100));
  }

  #firstUnhealthy(): Pod | undefined {
    const inOrder = [...this.#byOrdinal].sort(([a], [b]) => a - b);
    return inOrder.find(([, pod]) => !isHealthy(pod))?.[1];
  }

  /** Below the partition, and where a rollout has not come yet, a Pod comes back as it was. */
  #revisionFor(ordinal: number): ControllerRevision {
    const { set, pods, current, update } = this.state;
    if (set.spec.updateStrategy?.type === 'OnDelete') return update;
    const { partition = 0 } = set.spec.updateStrategy?.rollingUpdate ?? {};
    const old = pods.filter((pod) => revisionNameOf(pod) === current.metadata.name && !isTerminating(pod)).length;
    return ordinal < startOrdinal(set) + (partition > 0 ? partition : old) ? current : update;
  }

  async #create(ordinal: number): Promise<void> {
    const { set } = this.state;
    await this.writes.claims.ensure(set, ordinal);
    const pod = newStatefulPod(set, ordinal, this.#revisionFor(ordinal));
    await this.#told('Create', pod, () => this.writes.pods.create(pod));
  }

  async #recreate(pod: Pod): Promise<void> {
    const { set } = this.state;
    const { namespace, name } = set.metadata;
    const [reason, word] =
      pod.status?.phase === 'Failed' ? ['RecreatingFailedPod', 'failed'] : ['RecreatingTerminatedPod', 'terminated'];
    const message = `StatefulSet ${namespace}/${name} is recreating ${word} Pod ${pod.metadata.name}`;
    this.writes.recorder.event(set, pod.status?.phase === 'Failed' ? 'Warning' : 'Normal', reason, message);
    await this.#delete(pod);
  }

  async #delete(pod: Pod): Promise<void> {
    const { name, namespace, uid } = pod.metadata;
    await this.#told('Delete', pod, () => this.writes.pods.delete(name, { namespace, preconditions: { uid } }));
  }

  async #keepIdentity(pod: Pod): Promise<void> {
    const { set } = this.state;
    const labels = missingIdentity(set, pod);
    if (labels)
      await this.#told('Update', pod, () => this.writes.pods.update({ ...pod, metadata: { ...pod.metadata, labels } }));
    await this.writes.claims.applyRetention(set, pod);
  }

  async #told(verb: 'Create' | 'Delete' | 'Update', { metadata }: Pod, write: () => Promise<unknown>): Promise<void> {
    const { set } = this.state;
    const subject = `${verb} Pod ${metadata.name} in StatefulSet ${set.metadata.name}`;
    try {
      await write();
    } catch (error) {
      if (verb === 'Delete' && isNotFound(error)) return;
      this.writes.recorder.event(set, 'Warning', `Failed${verb}`, `${subject} failed error: ${messageOf(error)}`);
      throw error;
    }
    this.writes.recorder.event(set, 'Normal', `Successful${verb}`, `${subject} successful`);
  }
}
