/**
 * Keeps the Endpoints of Services with selectors (pkg/controller/endpoint), which v1.36 still serves beside
 * EndpointSlices. Keys are Services.
 */
import {
  type EndpointAddress,
  type EndpointPort,
  type EndpointSubset,
  type Endpoints,
  isNotFound,
  jsonEqual,
  type Pod,
  type Service,
} from '@regatta/api';
import { type EventRecorder, formatTime, type Informer, type ResourceClient, resources } from '@regatta/client';
import {
  addressesOf,
  addressTypesOf,
  endpointPorts,
  HEADLESS,
  hasManagedEndpoints,
  hostnameFor,
  isFamily,
  isHeadless,
  isReachable,
} from '../endpointslice/service-endpoints.ts';
import { selectedPods, watchServices } from '../endpointslice/service-watch.ts';
import { portsKey } from '../endpointslice/slice-plan.ts';
import { TRIGGER_TIME, TriggerTimes } from '../endpointslice/trigger-time.ts';
import { type ControllerContext, clientFor, recorderFor } from '../framework/controller.ts';
import { KeyedController } from '../framework/keyed-controller.ts';
import { isPodReady } from '../pods/pod-conditions.ts';
import { messageOf } from '../pods/pod-control.ts';
import { isNamespaceTerminating } from '../serviceaccount/service-account-controller.ts';

export const ENDPOINTS_MANAGED_BY = 'endpoints.kubernetes.io/managed-by';
export const ENDPOINTS_MANAGER = 'endpoint-controller';
const OVER_CAPACITY = 'endpoints.kubernetes.io/over-capacity';
/** Addresses of one Endpoints object; the rest is cut off, and an annotation says so. */
const MAX_ADDRESSES = 1000;

export class EndpointsController extends KeyedController {
  readonly #services: Informer<Service>;
  readonly #endpoints: Informer<Endpoints>;
  readonly #pods: Informer<Pod>;
  readonly #client: ResourceClient<Endpoints>;
  readonly #recorder: EventRecorder;
  readonly #triggers = new TriggerTimes();

  constructor(context: ControllerContext) {
    super({ name: 'endpoints-controller', context, concurrency: 5 });
    const api = clientFor(context, 'endpoint-controller');
    this.#client = api.resource(resources.endpoints);
    this.#recorder = recorderFor(context, api, ENDPOINTS_MANAGER);
    this.#services = this.reads(watchServices(context, this.queue));
    this.#pods = this.reads(context.informers.for(resources.pods));
    this.#endpoints = this.reads(context.informers.for(resources.endpoints));
    this.#endpoints.addHandler({
      onDelete: ({ metadata }) => this.queue.add(`${metadata.namespace}/${metadata.name}`),
    });
  }

  protected async reconcile(key: string): Promise<void> {
    const service = this.#services.getByKey(key);
    const current = this.#endpoints.getByKey(key);
    if (!service) return this.#serviceGone(key, current);
    if (!hasManagedEndpoints(service)) return;
    const pods = selectedPods(this.#pods, service);
    const next = desiredEndpoints(service, pods, current, this.#triggers.next(key, service, pods));
    try {
      if (!current) await this.#client.create(next);
      else if (!isUpToDate(current, next)) await this.#client.update(next);
    } catch (error) {
      if (isNamespaceTerminating(error)) return;
      const reason = current ? 'FailedToUpdateEndpoint' : 'FailedToCreateEndpoint';
      const verb = current ? 'update' : 'create';
      this.#recorder.event(next, 'Warning', reason, `Failed to ${verb} endpoint ${key}: ${messageOf(error)}`);
      throw error;
    }
  }

  /** Endpoints that somebody wrote by hand for a Service without selector go with the Service, too, as upstream's. */
  async #serviceGone(key: string, current: Endpoints | undefined): Promise<void> {
    this.#triggers.forget(key);
    if (!current) return;
    const { name, namespace } = current.metadata;
    try {
      await this.#client.delete(name, { namespace });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

function desiredEndpoints(
  service: Service,
  pods: readonly Pod[],
  current: Endpoints | undefined,
  trigger: number | undefined,
): Endpoints {
  const { name, namespace, labels } = service.metadata;
  const { subsets, truncated } = truncate(subsetsOf(service, pods));
  const { [TRIGGER_TIME]: _, [OVER_CAPACITY]: __, ...annotations } = current?.metadata.annotations ?? {};
  if (trigger !== undefined) annotations[TRIGGER_TIME] = formatTime(trigger);
  if (truncated) annotations[OVER_CAPACITY] = 'truncated';
  const headless: Record<string, string> = isHeadless(service) ? { [HEADLESS]: '' } : {};
  const managed = { ...labels, ...headless, [ENDPOINTS_MANAGED_BY]: ENDPOINTS_MANAGER };
  const base = current?.metadata ?? { name, namespace };
  const metadata = { ...base, labels: managed, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) };
  return { apiVersion: 'v1', kind: 'Endpoints', metadata, ...(subsets.length > 0 ? { subsets } : {}) };
}

/** The trigger time alone is no reason to write. */
function isUpToDate(current: Endpoints, next: Endpoints): boolean {
  const over = (endpoints: Endpoints): string | undefined => endpoints.metadata.annotations?.[OVER_CAPACITY];
  return (
    jsonEqual(current.subsets ?? [], next.subsets ?? []) &&
    jsonEqual(current.metadata.labels, next.metadata.labels) &&
    over(current) === over(next)
  );
}

interface Subset {
  readonly ports: EndpointPort[];
  readonly ready: EndpointAddress[];
  readonly notReady: EndpointAddress[];
}

/** Addresses grouped by the ports they serve, each group in order of its addresses. */
function subsetsOf(service: Service, pods: readonly Pod[]): Subset[] {
  const [family = 'IPv4'] = addressTypesOf(service);
  const tolerant = service.spec.publishNotReadyAddresses === true;
  const groups = new Map<string, Subset>();
  for (const pod of pods.filter(isReachable)) {
    if (pod.metadata.deletionTimestamp && !tolerant) continue;
    const ip = addressesOf(pod).find((address) => isFamily(address, family));
    if (ip === undefined) continue;
    const ports = endpointPorts(service, pod).map(({ name, port = 0, protocol, appProtocol }) => ({
      ...(name ? { name } : {}),
      port,
      ...(protocol ? { protocol } : {}),
      ...(appProtocol ? { appProtocol } : {}),
    }));
    if (ports.length === 0 && !isHeadless(service)) continue;
    const group = groups.get(portsKey(ports)) ?? { ports, ready: [], notReady: [] };
    groups.set(portsKey(ports), group);
    (tolerant || isPodReady(pod) ? group.ready : group.notReady).push(addressOf(service, pod, ip));
  }
  for (const group of groups.values()) for (const list of [group.ready, group.notReady]) list.sort(byAddress);
  return [...groups.values()];
}

function addressOf(service: Service, pod: Pod, ip: string): EndpointAddress {
  const { name, namespace, uid } = pod.metadata;
  const hostname = hostnameFor(service, pod);
  const { nodeName } = pod.spec;
  return {
    ip,
    ...(hostname ? { hostname } : {}),
    ...(nodeName ? { nodeName } : {}),
    targetRef: { kind: 'Pod', name, namespace, uid },
  };
}

function byAddress(a: EndpointAddress, b: EndpointAddress): number {
  const [left, right] = [`${a.ip}|${a.targetRef?.uid}`, `${b.ip}|${b.targetRef?.uid}`];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Ready addresses before those that are not, up to the limit. */
function truncate(groups: readonly Subset[]): { subsets: EndpointSubset[]; truncated: boolean } {
  const total = groups.reduce((sum, { ready, notReady }) => sum + ready.length + notReady.length, 0);
  let room = MAX_ADDRESSES;
  const take = (list: EndpointAddress[]): EndpointAddress[] => {
    const taken = list.slice(0, room);
    room -= taken.length;
    return taken;
  };
  const ready = groups.map((group) => take(group.ready));
  const subsets = groups.map(({ ports, notReady }, i) => {
    const addresses = ready[i] ?? [];
    const notReadyAddresses = take(notReady);
    return {
      ...(addresses.length > 0 ? { addresses } : {}),
      ...(notReadyAddresses.length > 0 ? { notReadyAddresses } : {}),
      ...(ports.length > 0 ? { ports } : {}),
    };
  });
  return { subsets, truncated: total > MAX_ADDRESSES };
}
