/**
 * Amounts of resources as numbers (upstream: pkg/scheduler/framework Resource, k8s.io/component-helpers/resource).
 * CPU in millicores, the rest in units or bytes: below 2^53, so plain numbers are exact.
 */
import { type Container, milliValue, numericValue, type Pod } from '@regatta/api';

export interface Resources {
  milliCpu: number;
  memory: number;
  ephemeralStorage: number;
  /** Extended resources and huge pages, by name; undefined when there are none. */
  scalars: Map<string, number> | undefined;
}

/** What a container without requests counts for in scores (pkg/scheduler/util/pod_resources.go). */
export const DEFAULT_MILLI_CPU = 100;
export const DEFAULT_MEMORY = 200 * 1024 * 1024;

export type ResourceList = Readonly<Record<string, string>> | undefined;

export function noResources(): Resources {
  return { milliCpu: 0, memory: 0, ephemeralStorage: 0, scalars: undefined };
}

export function resourcesFrom(list: ResourceList): Resources {
  const resources = noResources();
  for (const name in list) setAmount(resources, name, amountOf(name, list[name]));
  return resources;
}

/** Adds (or with `sign` -1 takes away) `amount`. */
export function addResources(target: Resources, amount: Resources, sign: 1 | -1 = 1): void {
  target.milliCpu += sign * amount.milliCpu;
  target.memory += sign * amount.memory;
  target.ephemeralStorage += sign * amount.ephemeralStorage;
  if (!amount.scalars) return;
  target.scalars ??= new Map();
  for (const [name, value] of amount.scalars) target.scalars.set(name, (target.scalars.get(name) ?? 0) + sign * value);
}

/** The greater of each amount. */
export function raiseTo(target: Resources, amount: Resources): void {
  target.milliCpu = Math.max(target.milliCpu, amount.milliCpu);
  target.memory = Math.max(target.memory, amount.memory);
  target.ephemeralStorage = Math.max(target.ephemeralStorage, amount.ephemeralStorage);
  if (!amount.scalars) return;
  target.scalars ??= new Map();
  for (const [name, value] of amount.scalars) {
    target.scalars.set(name, Math.max(target.scalars.get(name) ?? 0, value));
  }
}

/**
 * What a Pod requests: the sum of its containers and sidecars, or what initialization needs at its greatest moment, plus
 * the overhead; requests of the Pod as a whole replace it for the resources they name.
 * @param withDefaults containers that request no CPU or no memory count for the scores' defaults
 */
export function podRequests(pod: Pod, withDefaults: boolean): Resources {
  const whole = pod.spec.resources?.requests;
  const of = (container: Container): Resources => containerRequests(container, withDefaults, whole);
  const total = noResources();
  for (const container of pod.spec.containers) addResources(total, of(container));
  const sidecars = noResources();
  const peak = noResources();
  for (const container of pod.spec.initContainers ?? []) {
    const requests = of(container);
    if (container.restartPolicy === 'Always') {
      addResources(total, requests);
      addResources(sidecars, requests);
      raiseTo(peak, sidecars);
    } else {
      addResources(requests, sidecars);
      raiseTo(peak, requests);
    }
  }
  raiseTo(total, peak);
  for (const name in whole) setAmount(total, name, amountOf(name, whole[name]));
  if (pod.spec.overhead) addResources(total, resourcesFrom(pod.spec.overhead));
  return total;
}

function containerRequests(container: Container, withDefaults: boolean, whole: ResourceList): Resources {
  const list = container.resources?.requests;
  const requests = resourcesFrom(list);
  if (!withDefaults) return requests;
  if (list?.['cpu'] === undefined && whole?.['cpu'] === undefined) requests.milliCpu = DEFAULT_MILLI_CPU;
  if (list?.['memory'] === undefined && whole?.['memory'] === undefined) requests.memory = DEFAULT_MEMORY;
  return requests;
}

function amountOf(name: string, text: string | undefined): number {
  return name === 'cpu' ? milliValue(text) : numericValue(text);
}

function setAmount(resources: Resources, name: string, value: number): void {
  if (name === 'cpu') resources.milliCpu = value;
  else if (name === 'memory') resources.memory = value;
  else if (name === 'ephemeral-storage') resources.ephemeralStorage = value;
  else if (name !== 'pods') {
    resources.scalars ??= new Map();
    resources.scalars.set(name, value);
  }
}
