/**
 * Shows Endpoints that somebody writes by hand, for Services without selector, as EndpointSlices
 * (pkg/controller/endpointslicemirroring). Keys are Endpoints, which have their Service's name.
 */
import {
  type Endpoint,
  type EndpointAddress,
  type EndpointSlice,
  type EndpointSubset,
  type Endpoints,
  isNotFound,
  keyOf,
  type Service,
} from '@regatta/api';
import { type Informer, type ResourceClient, resources } from '@regatta/client';
import { ENDPOINTS_MANAGED_BY, ENDPOINTS_MANAGER } from '../endpoints/endpoints-controller.ts';
import { StaleCacheError, serviceOf } from '../endpointslice/endpoint-slice-controller.ts';
import { isFamily, MANAGED_BY, SERVICE_NAME } from '../endpointslice/service-endpoints.ts';
import { type EndpointGroup, planSlices, type SliceTemplate } from '../endpointslice/slice-plan.ts';
import { SliceTracker } from '../endpointslice/slice-tracker.ts';
import { TRIGGER_TIME } from '../endpointslice/trigger-time.ts';
import { type ControllerContext, clientFor } from '../framework/controller.ts';
import { KeyedController } from '../framework/keyed-controller.ts';
import { controllerRefTo } from '../ownership/controller-ref.ts';
import { isNamespaceTerminating } from '../serviceaccount/service-account-controller.ts';

const MANAGER = 'endpointslicemirroring-controller.k8s.io';
const SKIP_MIRROR = 'endpointslice.kubernetes.io/skip-mirror';
const LEADER = 'control-plane.alpha.kubernetes.io/leader';
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const BY_MIRROR = 'mirror';
/** Addresses of one subset that are mirrored. */
const MAX_PER_SUBSET = 1000;
const FAMILIES = ['IPv4', 'IPv6'];

export class EndpointSliceMirroringController extends KeyedController {
  readonly #endpoints: Informer<Endpoints>;
  readonly #services: Informer<Service>;
  readonly #slices: Informer<EndpointSlice>;
  readonly #client: ResourceClient<EndpointSlice>;
  readonly #tracker: SliceTracker;

  constructor(context: ControllerContext) {
    super({ name: 'endpointslice-mirroring-controller', context, concurrency: 5 });
    this.#client = clientFor(context, 'endpointslicemirroring-controller').resource(resources.endpointSlices);
    this.#tracker = new SliceTracker(context.clock);
    this.#endpoints = this.reads(context.informers.for(resources.endpoints));
    this.#services = this.reads(context.informers.for(resources.services));
    this.#slices = this.reads(context.informers.for(resources.endpointSlices));
    context.informers.index(resources.endpointSlices, BY_MIRROR, (slice) =>
      isMirror(slice) ? [serviceOf(slice)] : [],
    );
    const enqueue = (object: Endpoints | Service): void => this.queue.add(keyOf(object));
    this.#endpoints.addHandler({ onAdd: enqueue, onUpdate: enqueue, onDelete: enqueue });
    this.#services.addHandler({
      onAdd: enqueue,
      onUpdate: (service, old) => {
        if ((service.spec.selector === undefined) !== (old.spec.selector === undefined)) enqueue(service);
      },
      onDelete: enqueue,
    });
    const changed = (slice: EndpointSlice): void => {
      if (isMirror(slice)) this.queue.add(serviceOf(slice));
    };
    this.#slices.addHandler({
      onUpdate: changed,
      onDelete: (slice) => {
        this.#tracker.gone(serviceOf(slice), slice);
        changed(slice);
      },
    });
  }

  protected async reconcile(key: string): Promise<void> {
    const endpoints = this.#endpoints.getByKey(key);
    const slices = this.#slices.byIndex(BY_MIRROR, key);
    if (this.#tracker.isStale(key, slices)) throw new StaleCacheError(`slices of ${key} are not all in the cache yet`);
    const service = this.#services.getByKey(key);
    const mirrored = endpoints && service && service.spec.selector === undefined && shouldMirror(endpoints);
    try {
      if (mirrored) await this.#mirror(key, endpoints, slices);
      else for (const slice of slices) await this.#remove(slice);
    } catch (error) {
      if (!isNamespaceTerminating(error)) throw error;
    }
  }

  async #mirror(key: string, endpoints: Endpoints, slices: readonly EndpointSlice[]): Promise<void> {
    for (const addressType of FAMILIES) {
      const own = slices.filter((slice) => slice.addressType === addressType);
      const groups = (endpoints.subsets ?? []).map((subset) => mirrorSubset(subset, addressType));
      const wanted = groups.filter((group) => group.endpoints.length > 0);
      if (wanted.length === 0) {
        for (const slice of own) await this.#remove(slice);
        continue;
      }
      const plan = planSlices(wanted, own, templateFor(endpoints, addressType));
      for (const slice of plan.create) this.#tracker.wrote(key, await this.#client.create(slice));
      for (const slice of plan.update) this.#tracker.wrote(key, await this.#client.update(slice));
      for (const slice of plan.remove) await this.#remove(slice);
    }
  }

  async #remove({ metadata: { name, namespace } }: EndpointSlice): Promise<void> {
    try {
      await this.#client.delete(name, { namespace });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

function isMirror({ metadata }: EndpointSlice): boolean {
  return metadata.labels?.[MANAGED_BY] === MANAGER;
}

/** Not what a controller keeps, a leader lock, or what asks to be left alone. */
function shouldMirror({ metadata: { labels = {}, annotations = {} } }: Endpoints): boolean {
  const isManaged = labels[ENDPOINTS_MANAGED_BY] === ENDPOINTS_MANAGER;
  return !isManaged && labels[SKIP_MIRROR] !== 'true' && annotations[LEADER] === undefined;
}

function mirrorSubset(subset: EndpointSubset, addressType: string): EndpointGroup {
  const ready = (subset.addresses ?? []).map((address) => mirrorAddress(address, true));
  const notReady = (subset.notReadyAddresses ?? []).map((address) => mirrorAddress(address, false));
  const all = [...ready, ...notReady].filter(({ addresses: [ip = ''] }) => isFamily(ip, addressType));
  const ports = (subset.ports ?? []).map(({ name = '', port, protocol = 'TCP', appProtocol }) => ({
    name,
    port,
    protocol,
    ...(appProtocol === undefined ? {} : { appProtocol }),
  }));
  return { ports, endpoints: all.slice(0, MAX_PER_SUBSET) };
}

function mirrorAddress({ ip, hostname, nodeName, targetRef }: EndpointAddress, ready: boolean): Endpoint {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname ? { hostname } : {}),
    ...(nodeName ? { nodeName } : {}),
    ...(targetRef ? { targetRef } : {}),
  };
}

function templateFor(endpoints: Endpoints, addressType: string): SliceTemplate {
  const { name, namespace, labels = {}, annotations = {} } = endpoints.metadata;
  const { [TRIGGER_TIME]: _, [LAST_APPLIED]: __, ...copied } = annotations;
  return {
    addressType,
    limit: MAX_PER_SUBSET,
    metadata: {
      name: '',
      generateName: `${name}-`,
      namespace,
      labels: { ...labels, [SERVICE_NAME]: name, [MANAGED_BY]: MANAGER },
      ...(Object.keys(copied).length > 0 ? { annotations: copied } : {}),
      ownerReferences: [controllerRefTo(endpoints, resources.endpoints)],
    },
  };
}
