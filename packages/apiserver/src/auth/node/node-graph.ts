/**
 * Which objects belong to the Pods of which node (upstream: plugin/pkg/auth/authorizer/node/graph.go).
 *
 *   node ← pod ← secret, configmap, claim, resource claim, service account
 *   node ← pod ← claim ← volume ← secret
 *   node ← volume attachment, resource slice
 *
 * Kept as counts, not as a graph: for each referred object, how many Pods of each node refer to it, so that a question
 * is one or two look-ups. Invariants: a Pod counts from the moment it is bound until it is deleted; what an update
 * changes is taken out exactly as it was put in.
 */
import type { PersistentVolume, Pod, ResourceRef, ResourceSlice, VolumeAttachment } from '@regatta/api';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import { followObjects } from '../follow-objects.ts';
import { PERSISTENT_VOLUMES, PODS } from '../resource-refs.ts';
import { podReferences, volumeSecrets } from './pod-references.ts';

const VOLUME_ATTACHMENTS: ResourceRef<VolumeAttachment> = {
  group: 'storage.k8s.io',
  version: 'v1',
  resource: 'volumeattachments',
  kind: 'VolumeAttachment',
  namespaced: false,
};
const RESOURCE_SLICES: ResourceRef<ResourceSlice> = {
  group: 'resource.k8s.io',
  version: 'v1',
  resource: 'resourceslices',
  kind: 'ResourceSlice',
  namespaced: false,
};

export type ReferredKind = 'pod' | 'secret' | 'configmap' | 'claim' | 'resourceclaim' | 'serviceaccount';
export type OwnedKind = 'attachment' | 'slice';

const MIRROR_POD_ANNOTATION = 'kubernetes.io/config.mirror';

export class NodeGraph {
  /** `kind:namespace/name` → node → how many of its Pods refer to it. */
  readonly #referred = new Map<string, Map<string, number>>();
  /** `kind:name` → node. */
  readonly #owned = new Map<string, string>();
  /** Volume → its claim, `namespace/name`. */
  readonly #claimOfVolume = new Map<string, string>();
  /** Secret, `namespace/name` → volumes that need it. */
  readonly #volumesOfSecret = new Map<string, Set<string>>();
  readonly #stops: (() => void)[];

  constructor(storage: ObjectStorage) {
    this.#stops = [
      followObjects(storage, PODS, {
        set: (pod, previous) => this.#setPod(pod, previous),
        remove: (pod) => this.#countPod(pod, -1),
      }),
      followObjects(storage, PERSISTENT_VOLUMES, {
        set: (volume, previous) => {
          if (previous) this.#removeVolume(previous);
          this.#addVolume(volume);
        },
        remove: (volume) => this.#removeVolume(volume),
      }),
      followObjects(storage, VOLUME_ATTACHMENTS, {
        set: ({ metadata, spec }) => this.#own('attachment', metadata.name, spec.nodeName),
        remove: ({ metadata }) => this.#owned.delete(`attachment:${metadata.name}`),
      }),
      followObjects(storage, RESOURCE_SLICES, {
        set: ({ metadata, spec }) => this.#own('slice', metadata.name, spec.nodeName),
        remove: ({ metadata }) => this.#owned.delete(`slice:${metadata.name}`),
      }),
    ];
  }

  close(): void {
    for (const stop of this.#stops) stop();
  }

  /** Whether a Pod of this node is, or refers to, this object. */
  refers(node: string, kind: ReferredKind, namespace: string, name: string): boolean {
    const key = `${namespace}/${name}`;
    if (this.#referred.get(`${kind}:${key}`)?.has(node)) return true;
    if (kind !== 'secret') return false;
    for (const volume of this.#volumesOfSecret.get(key) ?? []) {
      if (this.mounts(node, volume)) return true;
    }
    return false;
  }

  /** Whether a Pod of this node uses the claim that this volume is bound to. */
  mounts(node: string, volume: string): boolean {
    const claim = this.#claimOfVolume.get(volume);
    return claim !== undefined && (this.#referred.get(`claim:${claim}`)?.has(node) ?? false);
  }

  owns(node: string, kind: OwnedKind, name: string): boolean {
    return this.#owned.get(`${kind}:${name}`) === node;
  }

  #setPod(pod: Pod, previous: Pod | undefined): void {
    if (previous && !refersElsewhere(pod, previous)) return;
    if (previous) this.#countPod(previous, -1);
    this.#countPod(pod, 1);
  }

  #countPod(pod: Pod, by: 1 | -1): void {
    const node = pod.spec.nodeName;
    if (!node) return;
    const { namespace = '', name, annotations } = pod.metadata;
    this.#count(node, 'pod', `${namespace}/${name}`, by);
    // A node makes its own mirror Pods: they must never give it access to anything.
    if (annotations?.[MIRROR_POD_ANNOTATION] !== undefined) return;
    const found = podReferences(pod);
    const counts: readonly (readonly [ReferredKind, Iterable<string>])[] = [
      ['serviceaccount', pod.spec.serviceAccountName ? [pod.spec.serviceAccountName] : []],
      ['secret', found.secrets],
      ['configmap', found.configMaps],
      ['claim', found.claims],
      ['resourceclaim', found.resourceClaims],
    ];
    for (const [kind, names] of counts) {
      for (const referred of names) this.#count(node, kind, `${namespace}/${referred}`, by);
    }
  }

  #count(node: string, kind: ReferredKind, key: string, by: 1 | -1): void {
    const full = `${kind}:${key}`;
    const nodes = this.#referred.get(full) ?? new Map<string, number>();
    const count = (nodes.get(node) ?? 0) + by;
    if (count > 0) nodes.set(node, count);
    else nodes.delete(node);
    if (nodes.size > 0) this.#referred.set(full, nodes);
    else this.#referred.delete(full);
  }

  #addVolume(volume: PersistentVolume): void {
    const claim = volume.spec?.claimRef;
    if (!claim?.name) return;
    this.#claimOfVolume.set(volume.metadata.name, `${claim.namespace ?? ''}/${claim.name}`);
    for (const secret of volumeSecrets(volume)) {
      const volumes = this.#volumesOfSecret.get(secret) ?? new Set<string>();
      this.#volumesOfSecret.set(secret, volumes.add(volume.metadata.name));
    }
  }

  #removeVolume(volume: PersistentVolume): void {
    this.#claimOfVolume.delete(volume.metadata.name);
    for (const secret of volumeSecrets(volume)) {
      const volumes = this.#volumesOfSecret.get(secret);
      volumes?.delete(volume.metadata.name);
      if (volumes?.size === 0) this.#volumesOfSecret.delete(secret);
    }
  }

  #own(kind: OwnedKind, name: string, node: string | undefined): void {
    if (node) this.#owned.set(`${kind}:${name}`, node);
    else this.#owned.delete(`${kind}:${name}`);
  }
}

/** A bound Pod's references change only with ephemeral containers and with claims made for it. */
function refersElsewhere(pod: Pod, previous: Pod): boolean {
  return (
    pod.metadata.uid !== previous.metadata.uid ||
    pod.spec.nodeName !== previous.spec.nodeName ||
    pod.spec.ephemeralContainers?.length !== previous.spec.ephemeralContainers?.length ||
    pod.status?.resourceClaimStatuses?.length !== previous.status?.resourceClaimStatuses?.length ||
    pod.status?.extendedResourceClaimStatus?.resourceClaimName !==
      previous.status?.extendedResourceClaimStatus?.resourceClaimName
  );
}
