/**
 * What an object uses of a quota (upstream: pkg/quota/v1/evaluator/core and the generic object count evaluator of
 * k8s.io/apiserver/pkg/quota/v1/generic).
 */
import type { PersistentVolumeClaim, Pod, ResourceV1ResourceClaim, Service } from '../generated/kinds.ts';
import type { KubeObject } from '../kube-object.ts';
import { isHugePages, isNativeResource, podTotals, type Quantities } from '../pod-resources.ts';
import { Quantity } from '../quantity.ts';

/** A resource without its version. */
export interface CountedResource {
  readonly group: string;
  readonly resource: string;
}

const ONE = Quantity.of(1);
/** Resources of the core group that are counted under their plain name as well. */
export const PLAIN_COUNTS: ReadonlySet<string> = new Set([
  ...['configmaps', 'secrets', 'services', 'replicationcontrollers', 'resourcequotas', 'persistentvolumeclaims'],
]);
const COMPUTE = ['cpu', 'memory', 'ephemeral-storage'];
const CLASS_SUFFIX = '.storageclass.storage.k8s.io/';
const DEVICES_SUFFIX = '.deviceclass.resource.k8s.io/devices';
/** How many devices a request for all of them may get. */
const ALL_DEVICES = 32;
const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';

/** The name under which objects of a resource are counted: `count/pods`, `count/deployments.apps`. */
function countName({ group, resource }: CountedResource): string {
  return group === '' ? `count/${resource}` : `count/${resource}.${group}`;
}

/** @param now milliseconds since the epoch: a Pod whose grace is over uses nothing but its place in the count */
export function quotaUsage(counted: CountedResource, object: KubeObject, now: number): Quantities {
  const usage: Quantities = new Map([[countName(counted), ONE]]);
  if (counted.group === 'resource.k8s.io' && counted.resource === 'resourceclaims')
    addDevices(usage, object as ResourceV1ResourceClaim);
  if (counted.group !== '') return usage;
  if (PLAIN_COUNTS.has(counted.resource)) usage.set(counted.resource, ONE);
  if (counted.resource === 'pods') addPod(usage, object as Pod, now);
  if (counted.resource === 'services') addService(usage, object as Service);
  if (counted.resource === 'persistentvolumeclaims') addClaim(usage, object as PersistentVolumeClaim);
  return usage;
}

/** The resource (`deployments.apps`, `pods`) whose objects use what a quota has under this name; undefined for none. */
export function quotaResourceOf(name: string): string | undefined {
  if (name.startsWith('count/')) return name.slice('count/'.length);
  if (name.startsWith('services.')) return 'services';
  if (name === 'requests.storage' || name.includes(CLASS_SUFFIX)) return 'persistentvolumeclaims';
  if (name.endsWith(DEVICES_SUFFIX)) return 'resourceclaims.resource.k8s.io';
  if (PLAIN_COUNTS.has(name)) return name;
  return isOfPods(name) ? 'pods' : undefined;
}

function isOfPods(name: string): boolean {
  const requested = name.replace(/^requests\./, '');
  if (name === 'pods' || COMPUTE.includes(requested) || isHugePages(requested)) return true;
  if (name.startsWith('limits.')) return COMPUTE.includes(name.slice('limits.'.length));
  return name !== requested && !isNativeResource(name);
}

function addPod(usage: Quantities, pod: Pod, now: number): void {
  if (!usesResources(pod, now)) return;
  usage.set('pods', ONE);
  for (const [name, quantity] of podCompute(podAmounts(pod, 'requests'), podAmounts(pod, 'limits'))) {
    usage.set(name, quantity);
  }
}

/** Finished Pods use nothing, nor do those that outlived their grace: their node may never tell. */
function usesResources({ metadata, status }: Pod, now: number): boolean {
  if (status?.phase === 'Failed' || status?.phase === 'Succeeded') return false;
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return true;
  return now <= Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000;
}

/** With what its runtime needs on top. */
function podAmounts({ spec }: Pod, side: 'requests' | 'limits'): Quantities {
  const own = Object.entries(spec.resources?.[side] ?? {}).map(([name, text]) => [name, Quantity.parse(text)] as const);
  const total: Quantities = new Map([...podTotals(spec, side), ...own]);
  for (const [name, text] of Object.entries(spec.overhead ?? {})) {
    const before = total.get(name);
    if (before && !before.isZero) total.set(name, before.add(Quantity.parse(text)));
    else if (side === 'requests') total.set(name, Quantity.parse(text));
  }
  return total;
}

/** Requests and limits under the names that quotas have for them. */
export function podCompute(requests: ReadonlyMap<string, Quantity>, limits: ReadonlyMap<string, Quantity>): Quantities {
  const usage: Quantities = new Map();
  for (const [name, quantity] of requests) {
    if (COMPUTE.includes(name) || isHugePages(name)) usage.set(name, quantity).set(`requests.${name}`, quantity);
    else if (!isNativeResource(name)) usage.set(`requests.${name}`, quantity);
  }
  for (const [name, quantity] of limits) if (COMPUTE.includes(name)) usage.set(`limits.${name}`, quantity);
  return usage;
}

function addService(usage: Quantities, { spec }: Service): void {
  const ports = spec.ports ?? [];
  if (spec.type === 'NodePort') usage.set('services.nodeports', Quantity.of(ports.length));
  if (spec.type !== 'LoadBalancer') return;
  usage.set('services.loadbalancers', ONE);
  const allocated = spec.allocateLoadBalancerNodePorts === false ? ports.filter(({ nodePort }) => nodePort) : ports;
  usage.set('services.nodeports', Quantity.of(allocated.length));
}

function addClaim(usage: Quantities, claim: PersistentVolumeClaim): void {
  const { metadata, spec } = claim;
  const storageClass = metadata.annotations?.[CLASS_ANNOTATION] ?? spec.storageClassName;
  if (storageClass) usage.set(`${storageClass}${CLASS_SUFFIX}persistentvolumeclaims`, ONE);
  const storage = claimedStorage(claim);
  if (!storage) return;
  usage.set('requests.storage', storage);
  if (storageClass) usage.set(`${storageClass}${CLASS_SUFFIX}requests.storage`, storage);
}

/** What is asked for, or what a change of size has been given already, in whole bytes. */
function claimedStorage({ spec, status }: PersistentVolumeClaim): Quantity | undefined {
  const text = spec.resources?.requests?.['storage'];
  if (text === undefined) return undefined;
  const asked = wholeBytes(text);
  const given = wholeBytes(status?.allocatedResources?.['storage'] ?? '0');
  return given.cmp(asked) > 0 ? given : asked;
}

function wholeBytes(text: string): Quantity {
  const quantity = Quantity.parse(text);
  const rounded = Quantity.of(quantity.value());
  return rounded.cmp(quantity) === 0 ? quantity : rounded;
}

interface DeviceWish {
  readonly deviceClassName?: string;
  readonly allocationMode?: string;
  readonly count?: number;
}

/** Devices of each class, at worst: of the alternatives of a request only one is taken. */
function addDevices(usage: Quantities, { spec }: ResourceV1ResourceClaim): void {
  for (const { exactly, firstAvailable } of spec.devices?.requests ?? []) {
    const most = new Map<string, number>();
    for (const wish of firstAvailable?.length ? firstAvailable : exactly ? [exactly] : []) {
      const name = `${wish.deviceClassName ?? ''}${DEVICES_SUFFIX}`;
      most.set(name, Math.max(most.get(name) ?? 0, devicesOf(wish)));
    }
    for (const [name, count] of most) usage.set(name, (usage.get(name) ?? Quantity.zero).add(Quantity.of(count)));
  }
}

function devicesOf({ allocationMode, count = 0 }: DeviceWish): number {
  return allocationMode === 'All' ? ALL_DEVICES : count;
}
