/**
 * Which object controls which (k8s.io/apimachinery/pkg/apis/meta/v1/controller_ref.go).
 */
import { apiVersionOf, type KubeObject, type OwnerReference, type ResourceRef } from '@regatta/api';

/** The owner that controls the object; at most one does. */
export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller);
}

export function controllerRefTo(owner: KubeObject, ref: ResourceRef): OwnerReference {
  return {
    apiVersion: apiVersionOf(ref),
    kind: ref.kind,
    name: owner.metadata.name,
    uid: uidOf(owner),
    controller: true,
    blockOwnerDeletion: true,
  };
}

export function isControlledBy(object: KubeObject, owner: KubeObject): boolean {
  return controllerOf(object)?.uid === uidOf(owner);
}

/** Objects that the API gave always have one. */
export function uidOf(object: KubeObject): string {
  return object.metadata.uid ?? '';
}
