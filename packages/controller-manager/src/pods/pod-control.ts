/**
 * Makes and deletes Pods for controllers, with the events that go with it (pkg/controller/controller_utils.go,
 * RealPodControl).
 */
import {
  apiVersionOf,
  isNotFound,
  type KubeObject,
  type OwnerReference,
  type Pod,
  type PodTemplateSpec,
  type ResourceRef,
} from '@regatta/api';
import type { EventRecorder, ResourceClient } from '@regatta/client';
import { isNamespaceTerminating } from '../serviceaccount/service-account-controller.ts';

export interface PodControl {
  readonly client: ResourceClient<Pod>;
  readonly recorder: EventRecorder;
}

/** A Pod as the template says, owned by its controller. */
export function podFromTemplate(template: PodTemplateSpec, owner: KubeObject, reference: OwnerReference): Pod {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  const metadata = {
    name: '',
    generateName: generateNameFor(owner.metadata.name),
    namespace: owner.metadata.namespace,
    ownerReferences: [reference],
    ...(labels ? { labels } : {}),
    ...(annotations ? { annotations } : {}),
    ...(finalizers ? { finalizers } : {}),
  };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: template.spec ?? { containers: [] } };
}

/** @throws StatusError when the Pod was not made */
export async function createPod({ client, recorder }: PodControl, owner: KubeObject, pod: Pod): Promise<Pod> {
  try {
    const created = await client.create(pod);
    recorder.event(owner, 'Normal', 'SuccessfulCreate', `Created pod: ${created.metadata.name}`);
    return created;
  } catch (error) {
    if (!isNamespaceTerminating(error)) {
      recorder.event(owner, 'Warning', 'FailedCreate', `Error creating: ${messageOf(error)}`);
    }
    throw error;
  }
}

/** @throws StatusError when the Pod was not deleted, also when it is gone already */
export async function deletePod({ client, recorder }: PodControl, owner: KubeObject, pod: Pod): Promise<void> {
  const { name, namespace } = pod.metadata;
  try {
    await client.delete(name, { namespace });
  } catch (error) {
    if (!isNotFound(error)) {
      recorder.event(owner, 'Warning', 'FailedDelete', `Error deleting: ${messageOf(error)}`);
    }
    throw error;
  }
  recorder.event(owner, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The object with its type, which events and references need. */
export function typed<T extends KubeObject>(object: T, ref: ResourceRef<T>): T {
  return object.kind && object.apiVersion ? object : { ...object, apiVersion: apiVersionOf(ref), kind: ref.kind };
}

/** Upstream drops the dash when the name would not be valid with it; names of controllers always are. */
function generateNameFor(name: string): string {
  return `${name}-`;
}
