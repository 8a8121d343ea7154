/**
 * Keeps the EndpointSlices of Services with selectors (pkg/controller/endpointslice, k8s.io/endpointslice). Keys are
 * Services.
 */
import { type EndpointSlice, isNotFound, keyOf, type Node, type Pod, type Service } from '@regatta/api';
import { type EventRecorder, formatTime, type Informer, type ResourceClient, resources } from '@regatta/client';
import { type ControllerContext, clientFor, recorderFor } from '../framework/controller.ts';
import { KeyedController } from '../framework/keyed-controller.ts';
import { controllerRefTo, isControlledBy } from '../ownership/controller-ref.ts';
import { messageOf } from '../pods/pod-control.ts';
import { isNamespaceTerminating } from '../serviceaccount/service-account-controller.ts';
import {
  addressTypesOf,
  endpointPorts,
  HEADLESS,
  hasManagedEndpoints,
  isHeadless,
  isReachable,
  MANAGED_BY,
  podEndpoint,
  SERVICE_NAME,
  withHints,
} from './service-endpoints.ts';
import { selectedPods, watchServices } from './service-watch.ts';
import { type EndpointGroup, planSlices, portsKey, type SliceTemplate } from './slice-plan.ts';
import { SliceTracker } from './slice-tracker.ts';
import { TRIGGER_TIME, TriggerTimes } from './trigger-time.ts';

export const MANAGER = 'endpointslice-controller.k8s.io';
const MAX_PER_SLICE = 100;
const BY_SERVICE = 'service';
const RESERVED_LABELS: ReadonlySet<string> = new Set([SERVICE_NAME, MANAGED_BY, HEADLESS]);

export class StaleCacheError extends Error {
  readonly code = 'stale-cache';
  override readonly name = 'StaleCacheError';
}

/** The key of the Service that a slice belongs to. */
export function serviceOf({ metadata }: EndpointSlice): string {
  return `${metadata.namespace}/${metadata.labels?.[SERVICE_NAME] ?? ''}`;
}

export class EndpointSliceController extends KeyedController {
  readonly #services: Informer<Service>;
  readonly #slices: Informer<EndpointSlice>;
  readonly #pods: Informer<Pod>;
  readonly #nodes: Informer<Node>;
  readonly #client: ResourceClient<EndpointSlice>;
  readonly #recorder: EventRecorder;
  readonly #tracker: SliceTracker;
  readonly #triggers = new TriggerTimes();

  constructor(context: ControllerContext) {
    super({ name: 'endpointslice-controller', context, concurrency: 5 });
    const api = clientFor(context, 'endpointslice-controller');
    this.#client = api.resource(resources.endpointSlices);
    this.#recorder = recorderFor(context, api, 'endpoint-slice-controller');
    this.#tracker = new SliceTracker(context.clock);
    this.#services = this.reads(watchServices(context, this.queue));
    this.#pods = this.reads(context.informers.for(resources.pods));
    this.#nodes = this.reads(context.informers.for(resources.nodes));
    this.#slices = this.reads(context.informers.for(resources.endpointSlices));
    context.informers.index(resources.endpointSlices, BY_SERVICE, (slice) => [serviceOf(slice)]);
    const changed = (slice: EndpointSlice): void => {
      if (isOurs(slice)) this.queue.add(serviceOf(slice));
    };
    this.#slices.addHandler({
      onAdd: changed,
      onUpdate: changed,
      onDelete: (slice) => {
        this.#tracker.gone(serviceOf(slice), slice);
        changed(slice);
      },
    });
  }

  protected async reconcile(key: string): Promise<void> {
    const service = this.#services.getByKey(key);
    if (!service || !hasManagedEndpoints(service)) return this.#forget(key);
    const slices = this.#slices.byIndex(BY_SERVICE, key).filter(isOurs);
    if (this.#tracker.isStale(key, slices)) throw new StaleCacheError(`slices of ${key} are not all in the cache yet`);
    const pods = selectedPods(this.#pods, service);
    const trigger = this.#triggers.next(key, service, pods);
    try {
      await this.#sync(service, pods, slices, trigger);
    } catch (error) {
      if (isNamespaceTerminating(error)) return;
      const message = `Error updating Endpoint Slices for Service ${key}: ${messageOf(error)}`;
      this.#recorder.event(service, 'Warning', 'FailedToUpdateEndpointSlices', message);
      throw error;
    }
  }

  async #sync(
    service: Service,
    pods: readonly Pod[],
    slices: readonly EndpointSlice[],
    trigger: number | undefined,
  ): Promise<void> {
    const types = addressTypesOf(service);
    const surplus = slices.filter((slice) => !types.includes(slice.addressType) || !isControlledBy(slice, service));
    for (const addressType of types) {
      const own = slices.filter((slice) => slice.addressType === addressType && !surplus.includes(slice));
      const template = sliceTemplate(service, addressType, trigger);
      const plan = planSlices(this.#groups(service, pods, addressType), own, template);
      const key = keyOf(service);
      if (!service.metadata.deletionTimestamp) {
        for (const slice of plan.create) this.#tracker.wrote(key, await this.#client.create(slice));
      }
      for (const slice of plan.update) this.#tracker.wrote(key, await this.#client.update(slice));
      surplus.push(...plan.remove);
    }
    for (const slice of surplus) await this.#remove(slice);
    const homeless = pods.find((pod) => this.#isHomeless(service, pod));
    if (homeless) throw new Error(`skipping Pod ${homeless.metadata.name}: Node ${homeless.spec.nodeName} Not Found`);
  }

  /** Its node is not in the cache, yet or any more: the Pod is left out, and looked at again. */
  #isHomeless(service: Service, pod: Pod): boolean {
    const isKnown = this.#nodes.get('', pod.spec.nodeName ?? '') !== undefined;
    return isReachable(pod) && !isKnown && !service.spec.publishNotReadyAddresses;
  }

  #groups(service: Service, pods: readonly Pod[], addressType: string): EndpointGroup[] {
    const groups = new Map<string, EndpointGroup & { endpoints: ReturnType<typeof podEndpoint>[] }>();
    for (const pod of pods.filter(isReachable)) {
      if (this.#isHomeless(service, pod)) continue;
      const node = this.#nodes.get('', pod.spec.nodeName ?? '');
      const endpoint = podEndpoint(service, pod, node, addressType);
      if (endpoint.addresses.length === 0) continue;
      const ports = endpointPorts(service, pod);
      const group = groups.get(portsKey(ports)) ?? { ports, endpoints: [] };
      groups.set(portsKey(ports), group);
      group.endpoints.push(withHints(endpoint, service.spec.trafficDistribution));
    }
    return [...groups.values()];
  }

  async #remove({ metadata: { name, namespace } }: EndpointSlice): Promise<void> {
    try {
      await this.#client.delete(name, { namespace });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  #forget(key: string): void {
    this.#tracker.forget(key);
    this.#triggers.forget(key);
  }
}

function isOurs({ metadata }: EndpointSlice): boolean {
  return metadata.labels?.[MANAGED_BY] === MANAGER;
}

function sliceTemplate(service: Service, addressType: string, trigger: number | undefined): SliceTemplate {
  const { name, namespace, labels = {} } = service.metadata;
  const copied = Object.entries(labels).filter(([key]) => !RESERVED_LABELS.has(key));
  const headless: Record<string, string> = isHeadless(service) ? { [HEADLESS]: '' } : {};
  return {
    addressType,
    limit: MAX_PER_SLICE,
    metadata: {
      name: '',
      generateName: `${name}-`,
      namespace,
      labels: { ...Object.fromEntries(copied), ...headless, [SERVICE_NAME]: name, [MANAGED_BY]: MANAGER },
      ...(trigger === undefined ? {} : { annotations: { [TRIGGER_TIME]: formatTime(trigger) } }),
      ownerReferences: [controllerRefTo(service, resources.services)],
    },
  };
}
