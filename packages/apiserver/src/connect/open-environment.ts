/**
 * How log, exec, attach, port-forward and proxy find their Pods, Services and nodes in a running apiserver.
 */
import { type EndpointSlice, type KubeObject, type ResourceRef, type Service, statusErrors } from '@regatta/api';
import type { BusConnection } from '@regatta/bus';
import type { Clock } from '@regatta/runtime';
import { currentObjects, objectsIn } from '../admission/current-objects.ts';
import { NODES, PODS } from '../auth/resource-refs.ts';
import { BusDialer } from '../dial/bus-dialer.ts';
import type { ServerContext } from '../server/context.ts';
import { storageKey } from '../storage/mod.ts';
import type { ConnectEnvironment } from './connect-environment.ts';
import { PING_PERIOD } from './heartbeat.ts';
import type { ProxyEnvironment } from './proxy/proxy-target.ts';
import { StreamPlaces } from './stream-places.ts';

const SERVICES: ResourceRef<Service> = {
  group: '',
  version: 'v1',
  namespaced: true,
  resource: 'services',
  kind: 'Service',
};
const ENDPOINT_SLICES: ResourceRef<EndpointSlice> = {
  group: 'discovery.k8s.io',
  version: 'v1',
  namespaced: true,
  resource: 'endpointslices',
  kind: 'EndpointSlice',
};

export function connectEnvironment(context: ServerContext, bus: BusConnection, clock: Clock): ConnectEnvironment {
  const proxy = proxyEnvironment(context, bus);
  return {
    bus,
    logger: context.logger,
    clock,
    pingPeriod: PING_PERIOD,
    proxy,
    places: new StreamPlaces(),
    pod: proxy.pod,
    requireNode: (name) => {
      const known = context.storage.get(storageKey('', 'nodes', undefined, name));
      if (!known) throw statusErrors.notFound({ group: '', resource: 'pods' }, name);
    },
  };
}

function proxyEnvironment(context: ServerContext, bus: BusConnection): ProxyEnvironment {
  const { storage, random } = context;
  const find = <T extends KubeObject>(ref: ResourceRef<T>, namespace: string, name: string): T => {
    const found = context.get(ref, namespace, name);
    if (!found) throw statusErrors.notFound(ref, name);
    return found;
  };
  return {
    dialer: new BusDialer(bus, () => currentObjects(storage, NODES)),
    random,
    pod: (namespace, name) => find(PODS, namespace, name),
    service: (namespace, name) => find(SERVICES, namespace, name),
    node: (name) => find(NODES, '', name),
    endpointSlices: (namespace, service) =>
      objectsIn(storage, ENDPOINT_SLICES, namespace).filter(
        ({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === service,
      ),
  };
}
