/**
 * What a Pod contributes to a Service's endpoints (k8s.io/endpointslice utils.go, k8s.io/endpointslice/util). Pure.
 */
import type { DiscoveryV1EndpointPort, Endpoint, Node, Pod, Service, ServicePort } from '@regatta/api';
import { isPodReady, isPodTerminal } from '../pods/pod-conditions.ts';

export const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
export const SERVICE_NAME = 'kubernetes.io/service-name';
export const HEADLESS = 'service.kubernetes.io/headless';

/** Services whose endpoints the control plane keeps: they have a selector and are no mere alias. */
export function hasManagedEndpoints({ spec }: Service): boolean {
  return spec.selector !== undefined && spec.type !== 'ExternalName';
}

export function isSelected({ metadata, spec }: Service, pod: Pod): boolean {
  const selector = Object.entries(spec.selector ?? {});
  return metadata.namespace === pod.metadata.namespace && matches(selector, pod.metadata.labels);
}

function matches(selector: readonly (readonly [string, string])[], labels: Record<string, string> = {}): boolean {
  return selector.length > 0 && selector.every(([key, value]) => labels[key] === value);
}

export function isHeadless({ spec }: Service): boolean {
  return spec.clusterIP === 'None' || spec.clusterIP === '' || spec.clusterIP === undefined;
}

/** A Pod that has an address and has not ended. */
export function isReachable(pod: Pod): boolean {
  return !isPodTerminal(pod) && addressesOf(pod).length > 0;
}

export function addressesOf({ status }: Pod): string[] {
  const { podIPs, podIP } = status ?? {};
  const all = podIPs && podIPs.length > 0 ? podIPs.map(({ ip }) => ip) : podIP ? [podIP] : [];
  return all.filter((ip) => ip !== '');
}

export function isFamily(address: string, addressType: string): boolean {
  return address.includes(':') === (addressType === 'IPv6');
}

/** `IPv4`, `IPv6`: the families that a Service has slices for. */
export function addressTypesOf({ spec }: Service): string[] {
  return spec.ipFamilies && spec.ipFamilies.length > 0 ? spec.ipFamilies : ['IPv4'];
}

/** The Service's ports as this Pod has them; a named port that the Pod lacks is left out. */
export function endpointPorts({ spec }: Service, pod: Pod): DiscoveryV1EndpointPort[] {
  return (spec.ports ?? []).flatMap((servicePort) => {
    const port = targetPort(servicePort, pod);
    if (port === undefined) return [];
    const { name = '', protocol = 'TCP', appProtocol } = servicePort;
    return [{ name, port, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) }];
  });
}

export function targetPort({ targetPort: target, port, protocol = 'TCP' }: ServicePort, pod: Pod): number | undefined {
  if (target === undefined || target === '' || target === 0) return port;
  if (typeof target === 'number') return target;
  const sidecars = (pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  const ports = [...pod.spec.containers, ...sidecars].flatMap(({ ports = [] }) => ports);
  return ports.find(({ name, protocol: own = 'TCP' }) => name === target && own === protocol)?.containerPort;
}

export function podEndpoint(service: Service, pod: Pod, node: Node | undefined, addressType: string): Endpoint {
  const serving = isPodReady(pod);
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const { name, namespace, uid } = pod.metadata;
  const { nodeName } = pod.spec;
  const zone = node?.metadata.labels?.['topology.kubernetes.io/zone'];
  const hostname = hostnameFor(service, pod);
  const ready = Boolean(service.spec.publishNotReadyAddresses) || (serving && !terminating);
  return {
    addresses: addressesOf(pod).filter((address) => isFamily(address, addressType)),
    conditions: { ready, serving, terminating },
    ...(hostname ? { hostname } : {}),
    ...(nodeName ? { nodeName } : {}),
    targetRef: { kind: 'Pod', name, namespace, uid },
    ...(zone ? { zone } : {}),
  };
}

/** A Pod that names the Service as its subdomain is known in DNS by its hostname. */
export function hostnameFor(service: Service, { spec, metadata }: Pod): string | undefined {
  const isMember = spec.subdomain === service.metadata.name && metadata.namespace === service.metadata.namespace;
  return spec.hostname && isMember ? spec.hostname : undefined;
}

/**
 * Where traffic for the endpoint should come from (k8s.io/endpointslice/trafficdist), as spec.trafficDistribution says.
 * Not supported: the older annotation service.kubernetes.io/topology-mode.
 */
export function withHints(endpoint: Endpoint, trafficDistribution: string | undefined): Endpoint {
  const { zone, nodeName, conditions } = endpoint;
  if (!conditions?.ready || !zone) return endpoint;
  const forZones = [{ name: zone }];
  switch (trafficDistribution) {
    case 'PreferClose':
    case 'PreferSameZone':
      return { ...endpoint, hints: { forZones } };
    case 'PreferSameNode':
      return { ...endpoint, hints: { forZones, ...(nodeName ? { forNodes: [{ name: nodeName }] } : {}) } };
    default:
      return endpoint;
  }
}
