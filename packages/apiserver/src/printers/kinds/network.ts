/**
 * Rows of Services and what belongs to the network.
 */
import { isIPv6 } from 'node:net';
import type {
  EndpointSlice,
  Endpoints,
  Ingress,
  IngressClass,
  IPAddress,
  KubeObject,
  NetworkPolicy,
  Service,
  ServiceCIDR,
} from '@regatta/api';
import {
  firstOf,
  formatLabelSelector,
  formatLabels,
  isDefaultClass,
  loadBalancerAddresses,
  NONE,
  UNSET,
} from '../format.ts';
import { since } from '../human-duration.ts';
import { printer } from '../printer.ts';

const age = (object: KubeObject, now: number): string => since(object.metadata.creationTimestamp, now);

/** How many list items a cell shows. */
const SHOWN = 3;

export const servicePrinter = printer<Service>(
  'Service',
  ['Name', 'Type', 'Cluster-IP', 'External-IP', 'Port(s)', 'Age', 'Selector*'],
  (o, now) => [
    o.metadata.name,
    o.spec.type ?? '',
    o.spec.clusterIPs?.[0] || o.spec.clusterIP || NONE,
    externalIP(o),
    servicePorts(o),
    age(o, now),
    formatLabels(o.spec.selector),
  ],
);

function externalIP({ spec, status }: Service): string {
  const own = spec.externalIPs ?? [];
  switch (spec.type) {
    case 'ExternalName':
      return spec.externalName ?? '';
    case 'LoadBalancer': {
      const balancer = loadBalancerAddresses(status?.loadBalancer?.ingress);
      return [...(balancer === '' ? [] : [balancer]), ...own].join(',') || '<pending>';
    }
    default:
      return own.join(',') || NONE;
  }
}

function servicePorts({ spec }: Service): string {
  const ports = (spec.ports ?? []).map(({ port, nodePort, protocol = '' }) =>
    nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`,
  );
  return ports.join(',') || NONE;
}

export const endpointsPrinter = printer<Endpoints>('Endpoints', ['Name', 'Endpoints', 'Age'], (o, now) => [
  o.metadata.name,
  endpointAddresses(o),
  age(o, now),
]);

function endpointAddresses({ subsets = [] }: Endpoints): string {
  const join = (ip: string, port: number): string => (isIPv6(ip) ? `[${ip}]:${port}` : `${ip}:${port}`);
  const all = subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0
      ? addresses.map((a) => a.ip)
      : ports.flatMap((port) => addresses.map((a) => join(a.ip, port.port))),
  );
  return firstOf(all, SHOWN) || NONE;
}

export const endpointSlicePrinter = printer<EndpointSlice>(
  'EndpointSlice',
  ['Name', 'AddressType', 'Ports', 'Endpoints', 'Age'],
  (o, now) => [
    o.metadata.name,
    o.addressType,
    firstOf(
      (o.ports ?? []).map((p) => String(p.port ?? p.name ?? '*')),
      SHOWN,
    ) || UNSET,
    firstOf(
      (o.endpoints ?? []).flatMap((e) => e.addresses ?? []),
      SHOWN,
    ) || UNSET,
    age(o, now),
  ],
);

export const ingressPrinter = printer<Ingress>(
  'Ingress',
  ['Name', 'Class', 'Hosts', 'Address', 'Ports', 'Age'],
  (o, now) => [
    o.metadata.name,
    o.spec.ingressClassName ?? NONE,
    firstOf(
      (o.spec.rules ?? []).map((r) => r.host ?? '').filter((h) => h !== ''),
      SHOWN,
    ) || '*',
    loadBalancerAddresses(o.status?.loadBalancer?.ingress),
    (o.spec.tls ?? []).length > 0 ? '80, 443' : '80',
    age(o, now),
  ],
);

export const ingressClassPrinter = printer<IngressClass>(
  'IngressClass',
  ['Name', 'Controller', 'Parameters', 'Age'],
  (o, now) => {
    const isDefault = isDefaultClass(o.metadata.annotations, 'ingressclass.kubernetes.io/is-default-class');
    const parameters = o.spec.parameters;
    const group = parameters?.apiGroup ? `.${parameters.apiGroup}` : '';
    return [
      isDefault ? `${o.metadata.name} (default)` : o.metadata.name,
      o.spec.controller ?? '',
      parameters ? `${parameters.kind}${group}/${parameters.name}` : NONE,
      age(o, now),
    ];
  },
);

export const networkPolicyPrinter = printer<NetworkPolicy>(
  'NetworkPolicy',
  ['Name', 'Pod-Selector', 'Age'],
  (o, now) => [o.metadata.name, formatLabelSelector(o.spec.podSelector ?? {}), age(o, now)],
);

export const serviceCidrPrinter = printer<ServiceCIDR>('ServiceCIDR', ['Name', 'CIDRs', 'Age'], (o, now) => [
  o.metadata.name,
  (o.spec.cidrs ?? []).join(','),
  age(o, now),
]);

export const ipAddressPrinter = printer<IPAddress>('IPAddress', ['Name', 'ParentRef'], (o) => {
  const parent = o.spec.parentRef;
  const resource = parent ? `${parent.resource}${parent.group ? `.${parent.group}` : ''}` : '';
  const parts = parent ? [resource, parent.namespace ?? '', parent.name].filter((p) => p !== '') : [];
  return [o.metadata.name, parts.join('/') || NONE];
});
