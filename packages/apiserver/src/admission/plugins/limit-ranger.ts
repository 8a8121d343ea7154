/**
 * Gives containers the default requests and limits of their namespace's LimitRanges, and refuses what goes past them
 * (upstream: plugin/pkg/admission/limitranger/admission.go).
 */
import {
  type Container,
  type LimitRange,
  type LimitRangeItem,
  type PersistentVolumeClaim,
  type Pod,
  podTotals,
  Quantity,
} from '@regatta/api';
import { LIMIT_RANGES } from '../../auth/resource-refs.ts';
import type { ResourceList } from '../../kinds/core/pod-spec/pod-level-resources.ts';
import type { ServerContext } from '../../server/context.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts';
import { admissionForbidden } from '../admission-error.ts';
import { objectsIn } from '../current-objects.ts';
import { maximum, maximumRequest, minimum, ratio } from './limit-constraints.ts';

const ANNOTATION = 'kubernetes.io/limit-ranger';

export class LimitRanger implements AdmissionPlugin {
  readonly name = 'LimitRanger';

  constructor(private readonly server: Pick<ServerContext, 'storage'>) {}

  handles({ group, resource, subresource, operation }: AdmissionAttributes): boolean {
    if (group !== '') return false;
    if (resource === 'persistentvolumeclaims') return subresource === '' && operation !== 'DELETE';
    if (resource !== 'pods') return false;
    // What a Pod asks for is settled with its creation, but for the resize subresource.
    return operation === 'CREATE' ? subresource === '' : operation === 'UPDATE' && subresource === 'resize';
  }

  admit(attributes: AdmissionAttributes): void {
    if (attributes.resource !== 'pods' || goesAway(attributes)) return;
    for (const range of this.#ranges(attributes)) addDefaults(attributes.object as Pod, range);
  }

  validate(attributes: AdmissionAttributes): void {
    if (goesAway(attributes)) return;
    for (const range of this.#ranges(attributes)) {
      const problems = range.spec.limits.flatMap((item) => problemsOf(attributes, item));
      const distinct = [...new Set(problems)];
      if (distinct.length === 0) continue;
      throw admissionForbidden(attributes, distinct.length === 1 ? String(distinct[0]) : `[${distinct.join(', ')}]`);
    }
  }

  #ranges({ namespace }: AdmissionAttributes): LimitRange[] {
    return objectsIn(this.server.storage, LIMIT_RANGES, namespace);
  }
}

function goesAway({ operation, oldObject }: AdmissionAttributes): boolean {
  return operation === 'UPDATE' && oldObject?.metadata.deletionTimestamp !== undefined;
}

function addDefaults(pod: Pod, { spec }: LimitRange): void {
  const items = spec.limits.filter(({ type }) => type === 'Container');
  const limits: ResourceList = Object.assign({}, ...items.map((item) => item.default));
  const requests: ResourceList = Object.assign({}, ...items.map((item) => item.defaultRequest));
  const told = [
    ...(pod.spec.containers ?? []).flatMap((container) => fill(container, 'container', limits, requests)),
    ...(pod.spec.initContainers ?? []).flatMap((container) => fill(container, 'init container', limits, requests)),
  ];
  if (told.length === 0) return;
  pod.metadata.annotations = {
    ...pod.metadata.annotations,
    [ANNOTATION]: `LimitRanger plugin set: ${told.join('; ')}`,
  };
}

function fill(container: Container, what: string, limits: ResourceList, requests: ResourceList): string[] {
  const resources = { ...container.resources };
  const told: string[] = [];
  for (const [side, defaults] of [
    ['requests', requests],
    ['limits', limits],
  ] as const) {
    const missing = Object.keys(defaults).filter((name) => !Object.hasOwn(resources[side] ?? {}, name));
    if (missing.length === 0) continue;
    resources[side] = { ...defaults, ...resources[side] };
    told.push(`${missing.sort().join(', ')} ${side.slice(0, -1)} for ${what} ${container.name}`);
  }
  if (told.length > 0) container.resources = resources;
  return told;
}

function problemsOf({ resource, object }: AdmissionAttributes, item: LimitRangeItem): string[] {
  if (resource === 'persistentvolumeclaims') return claimProblems(object as PersistentVolumeClaim, item);
  const { spec } = object as Pod;
  if (item.type === 'Pod') return constraintProblems(item, podTotal(spec, 'requests'), podTotal(spec, 'limits'));
  if (item.type !== 'Container') return [];
  return [...(spec.containers ?? []), ...(spec.initContainers ?? [])].flatMap(({ resources }) =>
    constraintProblems(item, amounts(resources?.requests), amounts(resources?.limits)),
  );
}

function claimProblems({ spec }: PersistentVolumeClaim, item: LimitRangeItem): string[] {
  if (item.type !== 'PersistentVolumeClaim') return [];
  const requests = amounts(spec.resources?.requests);
  const problems: string[] = [];
  eachAmount(item.min, (name, least) => problems.push(...minimum(item.type, name, least, requests, new Map())));
  eachAmount(item.max, (name, most) => problems.push(...maximumRequest(item.type, name, most, requests)));
  return problems;
}

type Amounts = ReadonlyMap<string, Quantity>;

function constraintProblems(item: LimitRangeItem, requests: Amounts, limits: Amounts): string[] {
  const problems: string[] = [];
  eachAmount(item.min, (name, least) => problems.push(...minimum(item.type, name, least, requests, limits)));
  eachAmount(item.max, (name, most) => problems.push(...maximum(item.type, name, most, requests, limits)));
  eachAmount(item.maxLimitRequestRatio, (name, most) =>
    problems.push(...ratio(item.type, name, most, requests, limits)),
  );
  return problems;
}

/** What the Pod says of itself goes before what its containers add up to. */
function podTotal(spec: Pod['spec'], side: 'requests' | 'limits'): Amounts {
  return new Map([...podTotals(spec, side), ...amounts(spec.resources?.[side])]);
}

function amounts(list: ResourceList | undefined): Amounts {
  return new Map(Object.entries(list ?? {}).map(([name, text]) => [name, Quantity.parse(text)]));
}

function eachAmount(list: ResourceList | undefined, visit: (name: string, amount: Quantity) => void): void {
  for (const name of Object.keys(list ?? {}).sort()) visit(name, Quantity.parse(list?.[name] ?? '0'));
}
