/**
 * Runs StatefulSets (pkg/controller/statefulset). Keys are StatefulSets.
 *
 * There are no expectations: Pods have fixed names, so a cache that lags behind can make nothing twice; what it wants
 * once more fails with AlreadyExists and is looked at again.
 */
import {
  type ControllerRevision,
  isNotFound,
  jsonEqual,
  keyOf,
  labelSelectorFrom,
  type Pod,
  type StatefulSet,
  type StatefulSetStatus,
} from '@regatta/api';
import { type ApiClient, type EventRecorder, type Informer, resources } from '@regatta/client';
import { type ControllerContext, clientFor, recorderFor } from '../framework/controller.ts';
import { KeyedController } from '../framework/keyed-controller.ts';
import { byNumber, ControllerHistory } from '../history/controller-history.ts';
import { BY_CONTROLLER, controllerIndex, orphansOf } from '../ownership/by-controller.ts';
import { claim } from '../ownership/claim.ts';
import { controllerOf, controllerRefTo, isControlledBy, uidOf } from '../ownership/controller-ref.ts';
import { availableIn, isPodReady } from '../pods/pod-conditions.ts';
import { isNamespaceTerminating } from '../serviceaccount/service-account-controller.ts';
import { ordinalOf, revisionNameOf } from './stateful-pod.ts';
import { statefulSetStatus } from './stateful-set-status.ts';
import { StatefulSetSync } from './stateful-set-sync.ts';
import { VolumeClaims } from './volume-claims.ts';

const COMPONENT = 'statefulset-controller';
const DEFAULT_HISTORY_LIMIT = 10;

export class StatefulSetController extends KeyedController {
  readonly #sets: Informer<StatefulSet>;
  readonly #pods: Informer<Pod>;
  readonly #revisions: Informer<ControllerRevision>;
  readonly #api: ApiClient;
  readonly #recorder: EventRecorder;
  readonly #history: ControllerHistory;
  readonly #claims: VolumeClaims;

  constructor(context: ControllerContext) {
    super({ name: COMPONENT, context, concurrency: 5 });
    const { informers } = context;
    this.#api = clientFor(context, COMPONENT);
    this.#recorder = recorderFor(context, this.#api, COMPONENT);
    this.#sets = this.reads(informers.for(resources.statefulSets));
    this.#pods = this.reads(informers.for(resources.pods));
    this.#revisions = this.reads(informers.for(resources.controllerRevisions));
    const claims = this.reads(informers.for(resources.persistentVolumeClaims));
    informers.index(resources.pods, BY_CONTROLLER, controllerIndex);
    informers.index(resources.controllerRevisions, BY_CONTROLLER, controllerIndex);
    this.#history = new ControllerHistory(this.#api.resource(resources.controllerRevisions));
    this.#claims = new VolumeClaims(this.#api.resource(resources.persistentVolumeClaims), claims, this.#recorder);
    const enqueue = (set: StatefulSet): void => this.queue.add(keyOf(set));
    this.#sets.addHandler({ onAdd: enqueue, onUpdate: enqueue, onDelete: enqueue });
    this.#pods.addHandler({
      onAdd: (pod) => this.#podChanged(pod),
      onUpdate: (pod, old) => this.#podChanged(pod, old),
      onDelete: (pod) => this.#podChanged(pod),
    });
  }

  protected async reconcile(key: string): Promise<void> {
    const set = this.#sets.getByKey(key);
    if (!set) return;
    const pods = await this.#ownPods(set);
    const known = await this.#ownRevisions(set);
    const reference = controllerRefTo(set, resources.statefulSets);
    const owner = {
      object: set,
      reference,
      template: set.spec.template,
      collisionCount: set.status?.collisionCount ?? 0,
    };
    const { revision: update, collisionCount } = await this.#history.latest(owner, known);
    const current = known.find(({ metadata }) => metadata.name === set.status?.currentRevision) ?? update;
    const names = { current: current.metadata.name, update: update.metadata.name, collisionCount };
    await this.#writeStatus(set, statefulSetStatus(set, pods, names, this.context.clusterClock));
    await this.#step(set, pods, current, update);
    const live = new Set([names.current, names.update, ...pods.flatMap((pod) => revisionNameOf(pod) ?? [])]);
    await this.#history.truncate(known, live, set.spec.revisionHistoryLimit ?? DEFAULT_HISTORY_LIMIT);
    this.#checkLater(key, set, pods);
  }

  async #step(
    set: StatefulSet,
    pods: readonly Pod[],
    current: ControllerRevision,
    update: ControllerRevision,
  ): Promise<void> {
    const writes = {
      pods: this.#api.resource(resources.pods),
      claims: this.#claims,
      recorder: this.#recorder,
      clock: this.context.clusterClock,
    };
    try {
      await new StatefulSetSync({ set, pods, current, update }, writes).run();
    } catch (error) {
      if (!isNamespaceTerminating(error)) throw error;
    }
  }

  async #ownPods(set: StatefulSet): Promise<Pod[]> {
    const own = this.#pods.byIndex(BY_CONTROLLER, uidOf(set));
    const orphans = this.#pods.byIndex(BY_CONTROLLER, orphansOf(set.metadata.namespace ?? ''));
    const members = [...own, ...orphans].filter((pod) => ordinalOf(set, pod) !== undefined);
    return claim({ ...this.#claimant(set), client: this.#api.resource(resources.pods) }, members);
  }

  async #ownRevisions(set: StatefulSet): Promise<ControllerRevision[]> {
    const own = this.#revisions.byIndex(BY_CONTROLLER, uidOf(set));
    const orphans = this.#revisions.byIndex(BY_CONTROLLER, orphansOf(set.metadata.namespace ?? ''));
    const client = this.#api.resource(resources.controllerRevisions);
    const adopted = await claim({ ...this.#claimant(set), client }, [...own, ...orphans]);
    return adopted.sort(byNumber);
  }

  #claimant(set: StatefulSet) {
    return {
      owner: set,
      reference: controllerRefTo(set, resources.statefulSets),
      selector: labelSelectorFrom(set.spec.selector),
      fresh: () => this.#api.resource(resources.statefulSets).get(set.metadata.name, set.metadata.namespace),
    };
  }

  async #writeStatus(set: StatefulSet, status: StatefulSetStatus): Promise<void> {
    if (jsonEqual(set.status, status)) return;
    try {
      await this.#api.resource(resources.statefulSets).updateStatus({ ...set, status });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** Pods become available by time alone. */
  #checkLater(key: string, set: StatefulSet, pods: readonly Pod[]): void {
    const { minReadySeconds = 0 } = set.spec;
    const waits = pods
      .filter(isPodReady)
      .map((pod) => availableIn(pod, minReadySeconds, this.context.clusterClock))
      .filter((wait) => wait > 0 && Number.isFinite(wait));
    if (waits.length > 0) this.queue.addAfter(key, Math.min(...waits));
  }

  #podChanged(pod: Pod, old?: Pod): void {
    for (const each of old ? [pod, old] : [pod]) {
      const owner = controllerOf(each);
      if (owner?.kind === 'StatefulSet') this.#enqueueOwner(each, owner.name);
    }
    if (!controllerOf(pod)) this.#enqueueMatching(pod);
  }

  #enqueueOwner(pod: Pod, name: string): void {
    const set = this.#sets.get(pod.metadata.namespace, name);
    if (set && isControlledBy(pod, set)) this.queue.add(keyOf(set));
  }

  #enqueueMatching(pod: Pod): void {
    for (const set of this.#sets.list()) {
      if (set.metadata.namespace !== pod.metadata.namespace || ordinalOf(set, pod) === undefined) continue;
      if (labelSelectorFrom(set.spec.selector).matches(pod.metadata.labels)) this.queue.add(keyOf(set));
    }
  }
}
