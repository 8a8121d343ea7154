/**
 * Resources of a whole Pod, worked out from its containers, and what kinds of resources there are
 * (upstream: k8s.io/component-helpers/resource, pkg/apis/core/helper/helpers.go).
 */
import type { Container, PodSpec } from './generated/kinds.ts';
import { Quantity } from './quantity.ts';

export type Quantities = Map<string, Quantity>;

export function isHugePages(name: string): boolean {
  return name.startsWith('hugepages-');
}

/** Resources that may be requested below their limit. */
export function isOvercommitAllowed(name: string): boolean {
  return isNativeResource(name) && !isHugePages(name);
}

/** Unqualified, or of the kubernetes.io domain. */
export function isNativeResource(name: string): boolean {
  return !name.includes('/') || name.includes('kubernetes.io/');
}

/**
 * What the Pod needs at most at any time: containers and sidecars run together; an init container runs with the sidecars
 * that were started before it.
 */
export function podTotals(spec: PodSpec, side: 'limits' | 'requests'): Quantities {
  const total: Quantities = new Map();
  for (const container of spec.containers ?? []) addTo(total, container, side);
  const sidecars: Quantities = new Map();
  const peak: Quantities = new Map();
  for (const container of spec.initContainers ?? []) {
    const now: Quantities = new Map(sidecars);
    addTo(now, container, side);
    if (container.restartPolicy === 'Always') {
      addTo(total, container, side);
      addTo(sidecars, container, side);
    }
    raise(peak, now);
  }
  raise(total, peak);
  return total;
}

function addTo(total: Quantities, container: Container, side: 'limits' | 'requests'): void {
  const list = container.resources?.[side] ?? {};
  for (const name of Object.keys(list)) {
    const quantity = Quantity.parse(list[name] ?? '0');
    const sum = total.get(name);
    total.set(name, sum ? sum.add(quantity) : quantity);
  }
}

function raise(peak: Quantities, other: Quantities): void {
  for (const [name, quantity] of other) {
    const before = peak.get(name);
    if (!before || before.cmp(quantity) < 0) peak.set(name, quantity);
  }
}
