/**
 * Keeps as many Pods as a ReplicaSet asks for (pkg/controller/replicaset/replica_set.go), and a ReplicationController,
 * which upstream serves with the same code. Keys are the owners.
 *
 * Invariants: while expectations are unmet (the cache lags behind what was asked for) no Pod is made or deleted, only
 * status is written; at most BURST Pods are made or deleted in one go; each Pod handler is O(1), but for orphans.
 */
import {
  isNotFound,
  jsonEqual,
  type KubeObject,
  keyOf,
  labelSelectorFrom,
  type Pod,
  type ReplicaSet,
  type ReplicaSetStatus,
  type ResourceRef,
} from '@regatta/api';
import { type Informer, type ResourceClient, resources } from '@regatta/client';

import { type ControllerContext, clientFor, recorderFor } from '../framework/controller.ts';
import { Expectations } from '../framework/expectations.ts';
import { KeyedController } from '../framework/keyed-controller.ts';
import { slowStartBatch } from '../framework/slow-start.ts';
import { BY_CONTROLLER, controllerIndex, orphansOf } from '../ownership/by-controller.ts';
import { claim } from '../ownership/claim.ts';
import { controllerOf, controllerRefTo, isControlledBy, uidOf } from '../ownership/controller-ref.ts';
import { availableIn, isPodActive, isPodReady, isPodTerminating } from '../pods/pod-conditions.ts';
import { createPod, deletePod, messageOf, type PodControl, podFromTemplate } from '../pods/pod-control.ts';
import { podsToDelete } from '../pods/pod-ranking.ts';
import { isNamespaceTerminating } from '../serviceaccount/service-account-controller.ts';
import { replicaSetStatus } from './replica-set-status.ts';

const BURST = 500;
const WORKERS = 5;

/** A kind that this controller serves, seen as a ReplicaSet. */
export interface ReplicatedKind<T extends KubeObject> {
  readonly ref: ResourceRef<T>;
  /** Service account and event source. */
  readonly name: string;
  asReplicaSet(object: T): ReplicaSet;
  withStatus(object: T, status: ReplicaSetStatus): T;
}

export const REPLICA_SETS: ReplicatedKind<ReplicaSet> = {
  ref: resources.replicaSets,
  name: 'replicaset-controller',
  asReplicaSet: (set) => set,
  withStatus: (set, status) => ({ ...set, status }),
};

export class ReplicaSetController<T extends KubeObject = ReplicaSet> extends KeyedController {
  readonly #owners: Informer<T>;
  readonly #pods: Informer<Pod>;
  readonly #client: ResourceClient<T>;
  readonly #podControl: PodControl;
  readonly #expectations: Expectations;

  constructor(
    context: ControllerContext,
    readonly kind: ReplicatedKind<T>,
  ) {
    super({ name: kind.name, context, concurrency: WORKERS });
    const api = clientFor(context, kind.name);
    this.#client = api.resource(kind.ref);
    this.#podControl = {
      client: api.resource(resources.pods),
      recorder: recorderFor(context, api, kind.name),
    };
    this.#expectations = new Expectations(context.clock);
    this.#owners = this.reads(context.informers.for(kind.ref));
    this.#pods = this.reads(context.informers.for(resources.pods));
    context.informers.index(resources.pods, BY_CONTROLLER, controllerIndex);
    context.informers.index(kind.ref, BY_CONTROLLER, controllerIndex);
    this.#owners.addHandler({
      onAdd: (set) => this.queue.add(keyOf(set)),
      onUpdate: (set) => this.queue.add(keyOf(set)),
      onDelete: (set) => this.#deleted(set),
    });
    this.#pods.addHandler({
      onAdd: (pod) => this.#podAdded(pod),
      onUpdate: (pod, old) => this.#podUpdated(pod, old),
      onDelete: (pod) => this.#podDeleted(pod),
    });
  }

  protected async reconcile(key: string): Promise<void> {
    const object = this.#owners.getByKey(key);
    if (!object) return this.#expectations.forget(key);
    const set = this.kind.asReplicaSet(object);
    const settled = this.#expectations.satisfied(key);
    const own = this.#pods.byIndex(BY_CONTROLLER, uidOf(set));
    const orphans = this.#pods.byIndex(BY_CONTROLLER, orphansOf(set.metadata.namespace ?? ''));
    const active = await this.#claim(set, [...own, ...orphans].filter(isPodActive));
    const failure = settled && !set.metadata.deletionTimestamp ? await this.#manage(key, set, active) : undefined;
    const terminating = own.filter(isPodTerminating).length;
    await this.#writeStatus(
      object,
      set,
      replicaSetStatus(set, { active, terminating, failure }, this.context.clusterClock),
    );
    this.#checkLater(key, set, active);
    if (failure) throw failure;
  }

  async #claim(set: ReplicaSet, candidates: readonly Pod[]): Promise<Pod[]> {
    const claimant = {
      owner: set,
      reference: controllerRefTo(set, this.kind.ref),
      selector: labelSelectorFrom(set.spec.selector),
      client: this.#podControl.client,
      fresh: () => this.#client.get(set.metadata.name, set.metadata.namespace),
    };
    return claim(claimant, candidates);
  }

  /** Makes or deletes Pods; what went wrong comes back, for the status tells of it. */
  async #manage(key: string, set: ReplicaSet, active: readonly Pod[]): Promise<Error | undefined> {
    const missing = (set.spec.replicas ?? 1) - active.length;
    if (missing > 0) return this.#createPods(key, set, Math.min(missing, BURST));
    if (missing < 0) return this.#deletePods(key, set, active, Math.min(-missing, BURST));
    return undefined;
  }

  async #createPods(key: string, set: ReplicaSet, count: number): Promise<Error | undefined> {
    this.#expectations.expectCreations(key, count);
    const reference = controllerRefTo(set, this.kind.ref);
    const { succeeded, error } = await slowStartBatch(count, async () => {
      await createPod(this.#podControl, set, podFromTemplate(set.spec.template ?? {}, set, reference));
    });
    this.#expectations.lowerCreations(key, count - succeeded);
    return error === undefined || isNamespaceTerminating(error) ? undefined : asError(error);
  }

  async #deletePods(key: string, set: ReplicaSet, active: readonly Pod[], count: number): Promise<Error | undefined> {
    const doomed = podsToDelete(active, this.#relatedPods(set), count, this.context.clusterClock);
    this.#expectations.expectDeletions(key, doomed.map(keyOf));
    const results = await Promise.allSettled(doomed.map((pod) => this.#deletePod(key, set, pod)));
    const failed = results.find((result) => result.status === 'rejected');
    return failed ? asError(failed.reason) : undefined;
  }

  async #deletePod(key: string, set: ReplicaSet, pod: Pod): Promise<void> {
    try {
      await deletePod(this.#podControl, set, pod);
    } catch (error) {
      this.#expectations.deletionObserved(key, keyOf(pod));
      if (!isNotFound(error)) throw error;
    }
  }

  /** Active Pods of all ReplicaSets that share this one's owner: a Deployment's revisions spread as one. */
  #relatedPods(set: ReplicaSet): Pod[] {
    const owner = controllerOf(set);
    const siblings: readonly KubeObject[] = owner ? this.#owners.byIndex(BY_CONTROLLER, owner.uid) : [set];
    return siblings.flatMap((sibling) => this.#pods.byIndex(BY_CONTROLLER, uidOf(sibling)).filter(isPodActive));
  }

  async #writeStatus(object: T, set: ReplicaSet, status: ReplicaSetStatus): Promise<void> {
    const next = this.kind.withStatus(object, status);
    if (jsonEqual(this.kind.asReplicaSet(next).status, set.status)) return;
    try {
      await this.#client.updateStatus(next);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** Pods become available by time alone: nobody will tell. */
  #checkLater(key: string, set: ReplicaSet, active: readonly Pod[]): void {
    const { minReadySeconds = 0 } = set.spec;
    if (minReadySeconds === 0) return;
    const waits = active
      .filter(isPodReady)
      .map((pod) => availableIn(pod, minReadySeconds, this.context.clusterClock))
      .filter((wait) => wait > 0 && Number.isFinite(wait));
    if (waits.length > 0) this.queue.addAfter(key, Math.min(...waits));
  }

  #deleted(set: T): void {
    this.#expectations.forget(keyOf(set));
    this.queue.add(keyOf(set));
  }

  #podAdded(pod: Pod): void {
    // After a restart Pods can show up that are being deleted already: they don't count as made.
    if (pod.metadata.deletionTimestamp) return this.#podDeleted(pod);
    if (!controllerOf(pod)) return this.#enqueueMatching(pod);
    const set = this.#controller(pod);
    if (!set) return;
    this.#expectations.creationObserved(keyOf(set));
    this.queue.add(keyOf(set));
  }

  #podUpdated(pod: Pod, old: Pod): void {
    const before = controllerOf(old);
    const after = controllerOf(pod);
    if (pod.metadata.deletionTimestamp && !old.metadata.deletionTimestamp) this.#podDeleted(pod);
    if (before && before.uid !== after?.uid) this.#enqueue(this.#controller(old));
    if (after) return this.#enqueue(this.#controller(pod));
    if (before || !jsonEqual(pod.metadata.labels, old.metadata.labels)) this.#enqueueMatching(pod);
  }

  #podDeleted(pod: Pod): void {
    const set = this.#controller(pod);
    if (!set) return;
    this.#expectations.deletionObserved(keyOf(set), keyOf(pod));
    this.queue.add(keyOf(set));
  }

  #enqueue(set: KubeObject | undefined): void {
    if (set) this.queue.add(keyOf(set));
  }

  #controller(pod: Pod): T | undefined {
    const owner = controllerOf(pod);
    if (owner?.kind !== this.kind.ref.kind) return undefined;
    const set = this.#owners.get(pod.metadata.namespace, owner.name);
    return set && isControlledBy(pod, set) ? set : undefined;
  }

  /** An orphan may be adopted by any whose selector it matches. */
  #enqueueMatching(pod: Pod): void {
    for (const set of this.#owners.list()) {
      if (set.metadata.namespace !== pod.metadata.namespace) continue;
      if (labelSelectorFrom(this.kind.asReplicaSet(set).spec.selector).matches(pod.metadata.labels))
        this.queue.add(keyOf(set));
    }
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(messageOf(error));
}
