/**
 * Keeps nodes to themselves where the authorizer cannot see: in what they write
 * (upstream: plugin/pkg/admission/noderestriction/admission.go).
 */

import { isDeepStrictEqual } from 'node:util';
import {
  type Eviction,
  type KubeObject,
  type Node,
  type PersistentVolumeClaim,
  type Pod,
  type ResourceSlice,
  statusErrors,
} from '@regatta/api';
import type { Authorizer } from '../../auth/identity.ts';
import { podReferences } from '../../auth/node/pod-references.ts';
import { NODES, PODS } from '../../auth/resource-refs.ts';
import { nodeNameOf } from '../../auth/well-known.ts';
import type { ServerContext } from '../../server/context.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts';
import { admissionForbidden } from '../admission-error.ts';
import { forbiddenNodeLabels } from './node-labels.ts';
import { restrictTokenRequest } from './node-token-requests.ts';

const LEASE_NAMESPACE = 'kube-node-lease';
const MIRROR_POD_ANNOTATION = 'kubernetes.io/config.mirror';

type Check = (node: string, attributes: AdmissionAttributes) => void;

export class NodeRestriction implements AdmissionPlugin {
  readonly name = 'NodeRestriction';
  readonly #checks: ReadonlyMap<string, Check>;

  constructor(
    private readonly server: Pick<ServerContext, 'get'>,
    authorizer: Authorizer,
  ) {
    this.#checks = new Map<string, Check>([
      ['/pods', (node, a) => this.#pod(node, a)],
      ['/nodes', restrictNode],
      ['/persistentvolumeclaims', restrictClaim],
      ['/serviceaccounts', (node, a) => restrictTokenRequest(server, authorizer, node, a)],
      ['coordination.k8s.io/leases', restrictLease],
      ['storage.k8s.io/csinodes', restrictCsiNode],
      ['resource.k8s.io/resourceslices', restrictResourceSlice],
    ]);
  }

  handles(attributes: AdmissionAttributes): boolean {
    return attributes.operation !== 'CONNECT' && nodeNameOf(attributes.user) !== undefined;
  }

  admit(attributes: AdmissionAttributes): void {
    const node = nodeNameOf(attributes.user) ?? '';
    if (node === '') {
      throw admissionForbidden(
        attributes,
        `could not determine node from user ${JSON.stringify(attributes.user.name)}`,
      );
    }
    this.#checks.get(`${attributes.group}/${attributes.resource}`)?.(node, attributes);
  }

  #pod(node: string, a: AdmissionAttributes): void {
    switch (a.subresource) {
      case '':
        return this.#wholePod(node, a);
      case 'status':
        return restrictPodStatus(node, a);
      case 'eviction':
        return this.#eviction(node, a);
      default:
        throw admissionForbidden(
          a,
          `unexpected pod subresource ${JSON.stringify(a.subresource)}, only 'status' and 'eviction' are allowed`,
        );
    }
  }

  #wholePod(node: string, a: AdmissionAttributes): void {
    const quoted = JSON.stringify(node);
    if (a.operation === 'CREATE') return this.#mirrorPod(node, a);
    if (a.operation !== 'DELETE') {
      throw admissionForbidden(
        a,
        `unexpected operation ${JSON.stringify(a.operation)}, node ${quoted} can only create and delete mirror pods`,
      );
    }
    if (this.#existingPod(a, a.name).spec.nodeName !== node) {
      throw admissionForbidden(a, `node ${quoted} can only delete pods with spec.nodeName set to itself`);
    }
  }

  #existingPod(a: AdmissionAttributes, name: string): Pod {
    const pod = this.server.get(PODS, a.namespace, name);
    if (!pod) throw statusErrors.notFound(PODS, name);
    return pod;
  }

  #mirrorPod(node: string, a: AdmissionAttributes): void {
    const pod = a.object as Pod;
    const quoted = JSON.stringify(node);
    if (pod.metadata.annotations?.[MIRROR_POD_ANNOTATION] === undefined) {
      throw admissionForbidden(
        a,
        `pod does not have ${JSON.stringify(MIRROR_POD_ANNOTATION)} annotation, node ${quoted} can only create mirror pods`,
      );
    }
    if (pod.spec.nodeName !== node) {
      throw admissionForbidden(a, `node ${quoted} can only create pods with spec.nodeName set to itself`);
    }
    this.#owner(node, a, pod);
    const found = forbiddenReference(pod);
    if (found) throw admissionForbidden(a, `node ${quoted} can not create pods that reference ${found}`);
  }

  #owner(node: string, a: AdmissionAttributes, pod: Pod): void {
    const head = `node ${JSON.stringify(node)}`;
    const [owner, ...others] = pod.metadata.ownerReferences ?? [];
    if (others.length > 0) {
      throw admissionForbidden(a, `${head} can only create pods with a single owner reference set to itself`);
    }
    if (owner?.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node) {
      throw admissionForbidden(a, `${head} can only create pods with an owner reference set to itself`);
    }
    if (!owner.controller) {
      throw admissionForbidden(a, `${head} can only create pods with a controller owner reference set to itself`);
    }
    if (owner.blockOwnerDeletion) {
      throw admissionForbidden(a, `${head} must not set blockOwnerDeletion on an owner reference`);
    }
    const existing = this.server.get(NODES, '', node);
    if (!existing) throw statusErrors.notFound(NODES, node);
    const { uid = '' } = existing.metadata;
    if (owner.uid !== uid) throw admissionForbidden(a, `node ${node} UID mismatch: expected ${owner.uid} got ${uid}`);
  }

  #eviction(node: string, a: AdmissionAttributes): void {
    if (a.operation !== 'CREATE') throw admissionForbidden(a, `unexpected operation ${a.operation}`);
    const name = a.name || (a.object as Eviction).metadata?.name || '';
    if (name === '') throw admissionForbidden(a, 'could not determine pod from request data');
    if (this.#existingPod(a, name).spec.nodeName !== node) {
      throw admissionForbidden(a, `node ${node} can only evict pods with spec.nodeName set to itself`);
    }
  }
}

/** What a mirror Pod refers to and may not, in upstream's order. */
function forbiddenReference(pod: Pod): string | undefined {
  if (pod.spec.serviceAccountName) return 'a service account';
  const found = podReferences(pod);
  if (found.secrets.size > 0) return 'secrets';
  if (found.configMaps.size > 0) return 'configmaps';
  const volumes = pod.spec.volumes ?? [];
  if (volumes.some((volume) => volume.projected?.sources?.some((source) => source.clusterTrustBundle))) {
    return 'clustertrustbundles';
  }
  if (volumes.some((volume) => volume.persistentVolumeClaim)) return 'persistentvolumeclaims';
  return pod.spec.resourceClaims?.length ? 'resourceclaims' : undefined;
}

function restrictPodStatus(node: string, a: AdmissionAttributes): void {
  if (a.operation !== 'UPDATE') throw admissionForbidden(a, `unexpected operation ${JSON.stringify(a.operation)}`);
  const [pod, old] = [a.object as Pod, a.oldObject as Pod];
  const head = `node ${JSON.stringify(node)}`;
  if (old.spec.nodeName !== node) {
    throw admissionForbidden(a, `${head} can only update pod status for pods with spec.nodeName set to itself`);
  }
  if (!isDeepStrictEqual(pod.metadata.labels ?? {}, old.metadata.labels ?? {})) {
    throw admissionForbidden(a, `${head} cannot update labels through pod status`);
  }
  if (!isDeepStrictEqual(pod.status?.resourceClaimStatuses ?? [], old.status?.resourceClaimStatuses ?? [])) {
    throw admissionForbidden(a, `${head} cannot update resource claim statues`);
  }
}

function restrictNode(node: string, a: AdmissionAttributes): void {
  const head = `node ${JSON.stringify(node)}`;
  if (a.name !== node) throw admissionForbidden(a, `${head} is not allowed to modify node ${JSON.stringify(a.name)}`);
  const wanted = a.object as Node | undefined;
  const old = a.oldObject as Node | undefined;
  if (a.operation === 'CREATE') {
    const labels = forbiddenNodeLabels(wanted?.metadata.labels);
    if (labels.length > 0) {
      throw admissionForbidden(a, `${head} is not allowed to set the following labels: ${labels.join(', ')}`);
    }
  }
  if (a.operation !== 'UPDATE') return;
  if (!isDeepStrictEqual(wanted?.spec?.taints ?? [], old?.spec?.taints ?? [])) {
    throw admissionForbidden(a, `${head} is not allowed to modify taints`);
  }
  const labels = forbiddenNodeLabels(wanted?.metadata.labels, old?.metadata.labels);
  if (labels.length > 0) throw admissionForbidden(a, `is not allowed to modify labels: ${labels.join(', ')}`);
  if (!isDeepStrictEqual(wanted?.metadata.ownerReferences ?? [], old?.metadata.ownerReferences ?? [])) {
    throw admissionForbidden(a, `${head} is not allowed to modify ownerReferences`);
  }
}

function restrictClaim(node: string, a: AdmissionAttributes): void {
  if (a.subresource !== 'status') throw admissionForbidden(a, 'may only update PVC status');
  if (a.operation !== 'UPDATE') throw admissionForbidden(a, `unexpected operation ${JSON.stringify(a.operation)}`);
  if (isDeepStrictEqual(withoutOpenFields(a.object), withoutOpenFields(a.oldObject))) return;
  throw admissionForbidden(
    a,
    `node ${JSON.stringify(node)} is not allowed to update fields other than status.capacity and status.conditions`,
  );
}

/** A claim without what its node may change. */
function withoutOpenFields(object: KubeObject | undefined): unknown {
  const { metadata, status, ...rest } = object as PersistentVolumeClaim;
  const { resourceVersion: _rv, managedFields: _fields, ...fixedMetadata } = metadata;
  const {
    capacity: _capacity,
    conditions: _conditions,
    allocatedResources: _allocated,
    allocatedResourceStatuses: _statuses,
    ...fixedStatus
  } = status ?? {};
  return { ...rest, metadata: fixedMetadata, status: fixedStatus };
}

function restrictLease(node: string, a: AdmissionAttributes): void {
  if (a.namespace !== LEASE_NAMESPACE) {
    throw admissionForbidden(a, `can only access leases in the ${JSON.stringify(LEASE_NAMESPACE)} system namespace`);
  }
  if (objectName(a) === node) return;
  throw admissionForbidden(a, 'can only access node lease with the same name as the requesting node');
}

function restrictCsiNode(node: string, a: AdmissionAttributes): void {
  if (objectName(a) === node) return;
  throw admissionForbidden(a, 'can only access CSINode with the same name as the requesting node');
}

function restrictResourceSlice(node: string, a: AdmissionAttributes): void {
  if (a.operation === 'CREATE' && (a.object as ResourceSlice).spec.nodeName !== node) {
    throw admissionForbidden(a, 'can only create ResourceSlice with the same NodeName as the requesting node');
  }
  if (a.operation === 'DELETE' && (a.oldObject as ResourceSlice).spec.nodeName !== node) {
    throw admissionForbidden(a, 'can only delete ResourceSlice with the same NodeName as the requesting node');
  }
}

function objectName(a: AdmissionAttributes): string {
  return a.operation === 'CREATE' ? (a.object?.metadata.name ?? '') : a.name;
}
