/**
 * Which Services a change of a Pod concerns: what the EndpointSlice and Endpoints controllers enqueue
 * (k8s.io/endpointslice/util/controller_utils.go). Costs O(Services of the Pod's namespace), and nothing for Pods that
 * have no address yet.
 */
import { jsonEqual, keyOf, type Pod, type Service } from '@regatta/api';
import { type Informer, resources, type WorkQueue } from '@regatta/client';
import type { ControllerContext } from '../framework/controller.ts';
import { isPodReady } from '../pods/pod-conditions.ts';
import { addressesOf, hasManagedEndpoints, isReachable, isSelected } from './service-endpoints.ts';

export const BY_NAMESPACE = 'namespace';

export function byNamespace({ metadata }: { readonly metadata: { readonly namespace?: string } }): readonly string[] {
  return [metadata.namespace ?? ''];
}

export function watchServices(context: ControllerContext, queue: WorkQueue): Informer<Service> {
  const services = context.informers.for(resources.services);
  context.informers.index(resources.services, BY_NAMESPACE, byNamespace);
  context.informers.index(resources.pods, BY_NAMESPACE, byNamespace);
  const enqueue = (service: Service): void => queue.add(keyOf(service));
  services.addHandler({ onAdd: enqueue, onUpdate: enqueue, onDelete: enqueue });
  const affected = (...pods: readonly Pod[]): void => {
    const reachable = pods.filter(isReachable);
    if (reachable.length === 0 && pods.every((pod) => addressesOf(pod).length === 0)) return;
    for (const service of services.byIndex(BY_NAMESPACE, pods[0]?.metadata.namespace ?? '')) {
      if (hasManagedEndpoints(service) && pods.some((pod) => isSelected(service, pod))) enqueue(service);
    }
  };
  context.informers.for(resources.pods).addHandler({
    onAdd: (pod) => affected(pod),
    onUpdate: (pod, old) => {
      if (!sameContribution(pod, old)) affected(pod, old);
    },
    onDelete: (pod) => affected(pod),
  });
  return services;
}

/** The Pods that a Service selects. */
export function selectedPods(pods: Informer<Pod>, service: Service): Pod[] {
  return pods.byIndex(BY_NAMESPACE, service.metadata.namespace ?? '').filter((pod) => isSelected(service, pod));
}

function sameContribution(a: Pod, b: Pod): boolean {
  return (
    isReachable(a) === isReachable(b) &&
    isPodReady(a) === isPodReady(b) &&
    a.metadata.deletionTimestamp === b.metadata.deletionTimestamp &&
    a.spec.nodeName === b.spec.nodeName &&
    a.spec.hostname === b.spec.hostname &&
    jsonEqual(addressesOf(a), addressesOf(b)) &&
    jsonEqual(a.metadata.labels, b.metadata.labels)
  );
}
