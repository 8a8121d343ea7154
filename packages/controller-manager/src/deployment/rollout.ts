/**
 * One Deployment in one sync: what the steps of a rollout share, and the writes they make
 * (pkg/controller/deployment/sync.go).
 *
 * Invariant: `deployment` is the latest state that the API answered with, so that a second write in the same sync does
 * not conflict with the first.
 */
import { type Deployment, type DeploymentStatus, isAlreadyExists, jsonEqual, type ReplicaSet } from '@regatta/api';
import { type EventRecorder, formatTime, type ResourceClient, resources } from '@regatta/client';
import type { ClusterClock } from '@regatta/runtime';
import { controllerRefTo, isControlledBy } from '../ownership/controller-ref.ts';
import { messageOf } from '../pods/pod-control.ts';
import { isNamespaceTerminating } from '../serviceaccount/service-account-controller.ts';
import {
  condition,
  conditionOf,
  hasProgressDeadline,
  type NewCondition,
  Reason,
  withCondition,
} from './deployment-status.ts';
import { isSameTemplate, POD_TEMPLATE_HASH, podTemplateHash } from './pod-template-hash.ts';
import { maxRevision, newSetAnnotations, REVISION, sizeAnnotations } from './replica-annotations.ts';
import { byRevision, findNew } from './replica-sets.ts';
import { desiredReplicas, maxSurge, newReplicaSetSize, replicasOf } from './rollout-sizes.ts';

export interface RolloutWrites {
  readonly deployments: ResourceClient<Deployment>;
  readonly replicaSets: ResourceClient<ReplicaSet>;
  readonly recorder: EventRecorder;
  readonly clock: ClusterClock;
}

const NO_HISTORY_LIMIT = 2 ** 31 - 1;

export class Rollout {
  deployment: Deployment;
  next: ReplicaSet | undefined;
  old: ReplicaSet[];

  /** @param sets the ReplicaSets that the Deployment controls */
  constructor(
    deployment: Deployment,
    readonly sets: readonly ReplicaSet[],
    readonly writes: RolloutWrites,
  ) {
    this.deployment = deployment;
    this.next = findNew(deployment, sets);
    this.old = sets.filter((set) => set !== this.next);
  }

  get all(): ReplicaSet[] {
    return this.next ? [...this.old, this.next] : [...this.old];
  }

  get now(): string {
    return formatTime(this.writes.clock.now());
  }

  get revision(): number {
    return maxRevision(this.old) + 1;
  }

  /** Brings the new ReplicaSet's annotations and the Deployment's revision up to date. */
  async syncRevision(): Promise<void> {
    if (!this.next) return;
    const { metadata, spec } = this.next;
    const annotations = newSetAnnotations(this.deployment, metadata.annotations, this.revision);
    const { minReadySeconds } = this.deployment.spec;
    if (annotations || (minReadySeconds ?? 0) !== (spec.minReadySeconds ?? 0)) {
      const changed = { ...metadata, annotations: annotations ?? metadata.annotations };
      this.next = await this.writes.replicaSets.update({
        ...this.next,
        metadata: changed,
        spec: { ...spec, minReadySeconds },
      });
    }
    const unknown = hasProgressDeadline(this.deployment) && !conditionOf(this.deployment.status, 'Progressing');
    const found = `Found new replica set "${metadata.name}"`;
    await this.#noteRevision(unknown ? condition('Progressing', 'True', Reason.found, found) : undefined);
  }

  /** Makes the new ReplicaSet, at the size that the rollout allows. @throws StatusError when it can't be made */
  async createNext(): Promise<void> {
    const wanted = this.#newReplicaSet();
    const { name } = wanted.metadata;
    const created = await this.#create(wanted);
    this.next = created ?? (await this.writes.replicaSets.get(name, wanted.metadata.namespace));
    const size = replicasOf(wanted);
    if (created && size > 0) this.#scaled('up', name, 0, size);
    const tell = created && hasProgressDeadline(this.deployment);
    const message = `Created new replica set "${name}"`;
    await this.#noteRevision(tell ? condition('Progressing', 'True', Reason.created, message) : undefined);
  }

  /** The ReplicaSet at its new size, with the event; the same one when it has that size. */
  async scale(set: ReplicaSet, size: number): Promise<ReplicaSet> {
    const desired = desiredReplicas(this.deployment);
    const sizes = sizeAnnotations(desired, desired + maxSurge(this.deployment));
    const noted = Object.entries(sizes).every(([key, value]) => set.metadata.annotations?.[key] === value);
    const before = replicasOf(set);
    if (before === size && noted) return set;
    const metadata = { ...set.metadata, annotations: { ...set.metadata.annotations, ...sizes } };
    const updated = await this.writes.replicaSets.update({ ...set, metadata, spec: { ...set.spec, replicas: size } });
    if (before !== size) this.#scaled(before < size ? 'up' : 'down', set.metadata.name, before, size);
    this.#replace(set, updated);
    return updated;
  }

  async writeStatus(status: DeploymentStatus): Promise<void> {
    if (jsonEqual(status, this.deployment.status ?? {})) return;
    this.deployment = await this.writes.deployments.updateStatus({ ...this.deployment, status });
  }

  /** Deletes old ReplicaSets beyond revisionHistoryLimit, the oldest revisions first; none that still has Pods. */
  async cleanUp(): Promise<void> {
    const limit = this.deployment.spec.revisionHistoryLimit ?? NO_HISTORY_LIMIT;
    if (limit === NO_HISTORY_LIMIT) return;
    const alive = this.old.filter(({ metadata }) => !metadata.deletionTimestamp).sort(byRevision);
    for (const set of alive.slice(0, Math.max(0, alive.length - limit))) {
      if (!isSpent(set)) continue;
      await this.writes.replicaSets.delete(set.metadata.name, { namespace: set.metadata.namespace });
    }
  }

  async #create(wanted: ReplicaSet): Promise<ReplicaSet | undefined> {
    try {
      return await this.writes.replicaSets.create(wanted);
    } catch (error) {
      if (isAlreadyExists(error)) {
        await this.#checkNamesake(wanted, error);
        return undefined;
      }
      if (!isNamespaceTerminating(error)) await this.#tellCreateFailed(wanted.metadata.name, error);
      throw error;
    }
  }

  /** Ours, made by a sync that the cache doesn't show yet; or another's: then the hash collides and must change. */
  async #checkNamesake({ metadata }: ReplicaSet, error: unknown): Promise<void> {
    const existing = await this.writes.replicaSets.get(metadata.name, metadata.namespace);
    const ours = isControlledBy(existing, this.deployment);
    if (ours && isSameTemplate(existing.spec.template, this.deployment.spec.template)) return;
    const { status } = this.deployment;
    await this.writeStatus({ ...status, collisionCount: (status?.collisionCount ?? 0) + 1 });
    throw error;
  }

  async #tellCreateFailed(name: string, error: unknown): Promise<void> {
    const message = `Failed to create new replica set "${name}": ${messageOf(error)}`;
    if (hasProgressDeadline(this.deployment)) {
      const failed = condition('Progressing', 'False', Reason.createFailed, message);
      // The failure to create is the greater trouble, and is thrown: this one is not reported as well.
      await this.writeStatus(withCondition(this.deployment.status ?? {}, failed, this.now)).catch(() => {});
    }
    this.writes.recorder.event(this.deployment, 'Warning', Reason.createFailed, message);
  }

  #newReplicaSet(): ReplicaSet {
    const { metadata, spec, status } = this.deployment;
    const hash = podTemplateHash(spec.template, status?.collisionCount);
    const labels = { ...spec.template.metadata?.labels, [POD_TEMPLATE_HASH]: hash };
    const matchLabels = { ...spec.selector.matchLabels, [POD_TEMPLATE_HASH]: hash };
    const desired = desiredReplicas(this.deployment);
    const annotations = {
      ...newSetAnnotations(this.deployment, undefined, this.revision),
      ...sizeAnnotations(desired, desired + maxSurge(this.deployment)),
    };
    const { minReadySeconds } = spec;
    return {
      metadata: {
        name: `${metadata.name}-${hash}`,
        namespace: metadata.namespace,
        labels,
        annotations,
        ownerReferences: [controllerRefTo(this.deployment, resources.deployments)],
      },
      spec: {
        replicas: newReplicaSetSize(this.deployment, this.old, 0),
        ...(minReadySeconds ? { minReadySeconds } : {}),
        selector: { ...spec.selector, matchLabels },
        template: { ...spec.template, metadata: { ...spec.template.metadata, labels } as ReplicaSet['metadata'] },
      },
    };
  }

  /** The new ReplicaSet's revision is the Deployment's. */
  async #noteRevision(progress: NewCondition | undefined): Promise<void> {
    const { metadata } = this.deployment;
    const revision = this.next?.metadata.annotations?.[REVISION];
    const status = progress ? withCondition(this.deployment.status ?? {}, progress, this.now) : this.deployment.status;
    if (metadata.annotations?.[REVISION] === revision && status === this.deployment.status) return;
    const annotations = { ...metadata.annotations, ...(revision ? { [REVISION]: revision } : {}) };
    const changed = { ...this.deployment, metadata: { ...metadata, annotations }, status };
    this.deployment = await this.writes.deployments.updateStatus(changed);
  }

  #scaled(direction: 'up' | 'down', name: string, from: number, to: number): void {
    const message = `Scaled ${direction} replica set ${name} from ${from} to ${to}`;
    this.writes.recorder.event(this.deployment, 'Normal', 'ScalingReplicaSet', message);
  }

  #replace(before: ReplicaSet, after: ReplicaSet): void {
    if (this.next === before) this.next = after;
    else this.old = this.old.map((set) => (set === before ? after : set));
  }
}

/** No Pods, none wanted, and its controller has seen that. */
function isSpent({ metadata, spec, status }: ReplicaSet): boolean {
  const seen = (metadata.generation ?? 0) <= (status?.observedGeneration ?? 0);
  return (status?.replicas ?? 0) === 0 && (spec.replicas ?? 1) === 0 && seen;
}
