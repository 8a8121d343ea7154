/**
 * Spreads endpoints over EndpointSlices with as few writes as possible (k8s.io/endpointslice reconciler.go,
 * reconcileByPortMapping and finalize). Pure.
 *
 * Invariants: endpoints of one slice share ports; a slice holds at most `limit`; an endpoint that is in a slice stays in
 * it; a slice that must go is reused for one that must come; with no endpoints at all one empty slice remains.
 */
import {
  type DiscoveryV1EndpointPort,
  type Endpoint,
  type EndpointSlice,
  jsonEqual,
  type ObjectMeta,
} from '@regatta/api';
import { TRIGGER_TIME } from './trigger-time.ts';

export interface EndpointGroup {
  readonly ports: readonly DiscoveryV1EndpointPort[];
  readonly endpoints: readonly Endpoint[];
}

export interface SliceTemplate {
  readonly addressType: string;
  /** Of new slices; labels and annotations also of those that are updated. */
  readonly metadata: ObjectMeta;
  readonly limit: number;
}

export interface SlicePlan {
  readonly create: readonly EndpointSlice[];
  readonly update: readonly EndpointSlice[];
  readonly remove: readonly EndpointSlice[];
}

interface Draft {
  readonly slice: EndpointSlice;
  endpoints: Endpoint[];
  changed: boolean;
}

/** @param existing the slices of this address type that the owner has */
export function planSlices(
  groups: readonly EndpointGroup[],
  existing: readonly EndpointSlice[],
  template: SliceTemplate,
): SlicePlan {
  const unused = new Set(existing);
  const create: EndpointSlice[] = [];
  const update: EndpointSlice[] = [];
  for (const group of groups) {
    const own = existing.filter(({ ports }) => portsKey(ports ?? []) === portsKey(group.ports));
    for (const slice of own) unused.delete(slice);
    const { drafts, rest } = placeKnown(group, own, template);
    const left = fillChanged(drafts, rest, template.limit);
    for (const draft of drafts) {
      if (draft.endpoints.length === 0) unused.add(draft.slice);
      else if (draft.changed) update.push({ ...relabelled(draft.slice, template), endpoints: draft.endpoints });
    }
    for (const chunk of chunks(left, template.limit)) create.push(newSlice(template, group.ports, chunk));
  }
  const kept = existing.length - unused.size;
  if (kept === 0 && create.length === 0) return placeholder(existing, template);
  return reuse(create, update, [...unused]);
}

export function portsKey(ports: readonly DiscoveryV1EndpointPort[]): string {
  const keys = ports.map(
    ({ name = '', port, protocol = '', appProtocol = '' }) => `${name}|${port}|${protocol}|${appProtocol}`,
  );
  return keys.sort().join(',');
}

/** Keeps each endpoint in the slice that has it, with its latest state. */
function placeKnown(
  group: EndpointGroup,
  slices: readonly EndpointSlice[],
  template: SliceTemplate,
): { drafts: Draft[]; rest: Endpoint[] } {
  const wanted = new Map(group.endpoints.map((endpoint) => [endpointKey(endpoint), endpoint]));
  const drafts = slices.map((slice) => {
    const old = slice.endpoints ?? [];
    const endpoints = old.flatMap((endpoint) => {
      const key = endpointKey(endpoint);
      const next = wanted.get(key);
      wanted.delete(key);
      return next ? [next] : [];
    });
    return { slice, endpoints, changed: !jsonEqual(endpoints, old) || !sameMetadata(slice, template) };
  });
  return { drafts, rest: [...wanted.values()] };
}

/** New endpoints go into slices that are written anyway, then into the fullest that takes them all. */
function fillChanged(drafts: readonly Draft[], rest: readonly Endpoint[], limit: number): Endpoint[] {
  const left = [...rest];
  const fill = (draft: Draft): void => {
    const taken = left.splice(0, limit - draft.endpoints.length);
    if (taken.length === 0) return;
    draft.endpoints = [...draft.endpoints, ...taken];
    draft.changed = true;
  };
  for (const draft of drafts.filter(({ changed }) => changed)) fill(draft);
  if (left.length === 0) return left;
  const roomy = drafts.filter(({ endpoints }) => endpoints.length + (left.length % limit) <= limit);
  const fullest = roomy.sort((a, b) => b.endpoints.length - a.endpoints.length)[0];
  if (fullest && left.length < limit) fill(fullest);
  return left;
}

function placeholder(existing: readonly EndpointSlice[], template: SliceTemplate): SlicePlan {
  const empty = newSlice(template, [], []);
  const [first, ...others] = existing;
  if (!first) return { create: [empty], update: [], remove: [] };
  const isPlaceholder = (first.endpoints ?? []).length === 0 && (first.ports ?? []).length === 0;
  if (isPlaceholder && sameMetadata(first, template)) return { create: [], update: [], remove: others };
  return reuse([empty], [], existing);
}

/** Turns deletions and creations into updates: fewer names come and go. */
function reuse(
  create: readonly EndpointSlice[],
  update: readonly EndpointSlice[],
  remove: readonly EndpointSlice[],
): SlicePlan {
  const count = Math.min(create.length, remove.length);
  const reused = remove.slice(0, count).map((old, i) => {
    const next = create[i] as EndpointSlice;
    const { labels, annotations } = next.metadata;
    return { ...next, metadata: { ...old.metadata, labels, annotations } };
  });
  return { create: create.slice(count), update: [...update, ...reused], remove: remove.slice(count) };
}

function newSlice(
  { addressType, metadata }: SliceTemplate,
  ports: readonly DiscoveryV1EndpointPort[],
  endpoints: readonly Endpoint[],
): EndpointSlice {
  return { addressType, metadata, endpoints: [...endpoints], ports: [...ports] };
}

/** The time of the last change is that of this one, or unknown. */
function relabelled(slice: EndpointSlice, { metadata: { labels, annotations } }: SliceTemplate): EndpointSlice {
  const { [TRIGGER_TIME]: _, ...kept } = slice.metadata.annotations ?? {};
  return { ...slice, metadata: { ...slice.metadata, labels, annotations: { ...kept, ...annotations } } };
}

function sameMetadata({ metadata }: EndpointSlice, template: SliceTemplate): boolean {
  return jsonEqual(metadata.labels, template.metadata.labels);
}

function endpointKey({ addresses, targetRef }: Endpoint): string {
  return [...[...addresses].sort(), targetRef?.namespace, targetRef?.name].join('|');
}

function* chunks<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let i = 0; i < items.length; i += size) yield items.slice(i, i + size);
}
