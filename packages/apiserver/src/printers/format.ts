/**
 * Pieces of cells that several kinds share.
 */
import { type Container, type LabelSelector, labelSelectorFrom } from '@regatta/api';

export const NONE = '<none>';
export const UNSET = '<unset>';

/** `a=1,b=2`, sorted; `<none>` for none. */
export function formatLabels(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? NONE : pairs.sort().join(',');
}

export function formatLabelSelector(selector: LabelSelector | undefined): string {
  return labelSelectorFrom(selector).toString() || NONE;
}

/** Names and images of containers, as two cells. */
export function containerCells(containers: readonly Container[] | undefined): [names: string, images: string] {
  const all = containers ?? [];
  return [all.map((c) => c.name).join(','), all.map((c) => c.image ?? '').join(',')];
}

/** The first `max` of a list, and how many more there are. */
export function firstOf(list: readonly string[], max: number, separator = ','): string {
  const head = list.slice(0, max).join(separator);
  return list.length > max ? `${head} + ${list.length - max} more...` : head;
}

/** Sorted, without repeats. */
export function sortedSet(list: readonly string[]): string[] {
  return [...new Set(list)].sort();
}

/** Go's strconv: `True`, `False`. */
export function formatBool(value: boolean | undefined): string {
  return value === undefined ? UNSET : value ? 'True' : 'False';
}

interface IngressPoint {
  readonly ip?: string;
  readonly hostname?: string;
}

/** Addresses of a load balancer. */
export function loadBalancerAddresses(ingress: readonly IngressPoint[] | undefined): string {
  return sortedSet((ingress ?? []).map((point) => point.ip || point.hostname || '').filter((a) => a !== '')).join(',');
}

export function isDefaultClass(annotations: Readonly<Record<string, string>> | undefined, ...keys: string[]): boolean {
  return keys.some((key) => annotations?.[key] === 'true');
}
