/**
 * The PersistentVolumeClaims of a StatefulSet's Pods: made before the Pod, and owned as
 * spec.persistentVolumeClaimRetentionPolicy says (pkg/controller/statefulset/stateful_pod_control.go).
 *
 * Invariant: what owns a claim decides when it goes: the set (whenDeleted: Delete), a Pod that is too much (whenScaled:
 * Delete), or nobody. Owners that others wrote are left alone.
 */
import {
  isAlreadyExists,
  jsonEqual,
  type OwnerReference,
  type PersistentVolumeClaim,
  type Pod,
  type StatefulSet,
} from '@regatta/api';
import { type EventRecorder, type Informer, type ResourceClient, resources } from '@regatta/client';
import { controllerRefTo, uidOf } from '../ownership/controller-ref.ts';
import { messageOf } from '../pods/pod-control.ts';
import { claimName, endOrdinal, ordinalOf, podName, startOrdinal } from './stateful-pod.ts';

export class VolumeClaims {
  constructor(
    readonly client: ResourceClient<PersistentVolumeClaim>,
    readonly claims: Informer<PersistentVolumeClaim>,
    readonly recorder: EventRecorder,
  ) {}

  /** Makes the claims that the Pod of this ordinal lacks. @throws StatusError when one can't be made */
  async ensure(set: StatefulSet, ordinal: number): Promise<void> {
    for (const template of set.spec.volumeClaimTemplates ?? []) {
      const name = claimName(template, set, ordinal);
      if (!this.claims.get(set.metadata.namespace, name))
        await this.#create(set, template, name, podName(set, ordinal));
    }
  }

  /** False while a claim of this ordinal is on its way out with an earlier Pod: a new Pod must not use it. */
  isFresh(set: StatefulSet, ordinal: number, pod: Pod | undefined): boolean {
    return this.#existing(set, ordinal).every(({ metadata }) => {
      const owners = (metadata.ownerReferences ?? []).filter(({ kind }) => kind === 'Pod');
      return owners.every(({ name, uid }) => name !== podName(set, ordinal) || uid === pod?.metadata.uid);
    });
  }

  /** Writes the owners that the retention policy asks for. */
  async applyRetention(set: StatefulSet, pod: Pod): Promise<void> {
    const ordinal = ordinalOf(set, pod);
    if (ordinal === undefined) return;
    const isSurplus = ordinal < startOrdinal(set) || ordinal >= endOrdinal(set);
    const wanted = wantedOwner(set, pod, isSurplus);
    for (const claim of this.#existing(set, ordinal)) {
      const current = claim.metadata.ownerReferences ?? [];
      const others = current.filter(({ uid }) => uid !== uidOf(set) && uid !== uidOf(pod));
      const ownerReferences = wanted ? [...others, wanted] : others;
      if (jsonEqual(current, ownerReferences)) continue;
      await this.client.update({ ...claim, metadata: { ...claim.metadata, ownerReferences } });
    }
  }

  #existing(set: StatefulSet, ordinal: number): PersistentVolumeClaim[] {
    return (set.spec.volumeClaimTemplates ?? []).flatMap(
      (template) => this.claims.get(set.metadata.namespace, claimName(template, set, ordinal)) ?? [],
    );
  }

  async #create(set: StatefulSet, template: PersistentVolumeClaim, name: string, pod: string): Promise<void> {
    const { labels, annotations } = template.metadata;
    const metadata = {
      name,
      namespace: set.metadata.namespace,
      labels: { ...labels, ...set.spec.selector.matchLabels },
      ...(annotations ? { annotations } : {}),
    };
    const subject = `Create Claim ${name} Pod ${pod} in StatefulSet ${set.metadata.name}`;
    try {
      await this.client.create({ metadata, spec: template.spec });
    } catch (error) {
      if (isAlreadyExists(error)) return;
      this.recorder.event(set, 'Warning', 'FailedCreate', `${subject} failed error: ${messageOf(error)}`);
      throw error;
    }
    this.recorder.event(set, 'Normal', 'SuccessfulCreate', `${subject} success`);
  }
}

function wantedOwner(set: StatefulSet, pod: Pod, isSurplus: boolean): OwnerReference | undefined {
  const { whenDeleted, whenScaled } = set.spec.persistentVolumeClaimRetentionPolicy ?? {};
  if (whenScaled === 'Delete' && isSurplus) return controllerRefTo(pod, resources.pods);
  return whenDeleted === 'Delete' ? controllerRefTo(set, resources.statefulSets) : undefined;
}
