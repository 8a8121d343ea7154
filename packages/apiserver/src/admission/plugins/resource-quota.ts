/**
 * Holds writes against the ResourceQuotas of their namespace, and charges them
 * (upstream: staging/src/k8s.io/apiserver/pkg/admission/plugin/resourcequota).
 *
 * Invariants: a charge is a compare-and-swap of the quota's status, decided against the state that it replaces, so that
 * writes at the same time never pass a limit together. What is charged and then not stored is given back by the quota
 * controller, which counts anew; it is also who first fills a quota's status, before which nothing is held back.
 */
import {
  inQuotaScopes,
  type KubeObject,
  type Pod,
  podCompute,
  type Quantities,
  Quantity,
  quotaUsage,
  type ResourceQuota,
} from '@regatta/api';
import { RESOURCE_QUOTAS } from '../../auth/resource-refs.ts';
import type { ServerContext } from '../../server/context.ts';
import { storageKey } from '../../storage/object-storage.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts';
import { admissionForbidden } from '../admission-error.ts';
import { objectsIn } from '../current-objects.ts';

/** Resources of the core group whose updates can use more (with their subresource). */
const CHARGED_UPDATES: ReadonlySet<string> = new Set(['services/', 'persistentvolumeclaims/', 'pods/resize']);
/** What every container must say when a quota limits it. */
const MUST_SAY = ['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'] as const;

type Names = Readonly<Record<string, string>>;

export class ResourceQuotaPlugin implements AdmissionPlugin {
  readonly name = 'ResourceQuota';

  constructor(private readonly server: Pick<ServerContext, 'storage' | 'clock'>) {}

  handles({ namespace, group, resource, subresource, operation }: AdmissionAttributes): boolean {
    if (namespace === '' || resource === 'events') return false;
    if (operation === 'CREATE') return subresource === '';
    return operation === 'UPDATE' && group === '' && CHARGED_UPDATES.has(`${resource}/${subresource}`);
  }

  validate(attributes: AdmissionAttributes): void | Promise<void> {
    const { object } = attributes;
    if (!object) return;
    const quotas = objectsIn(this.server.storage, RESOURCE_QUOTAS, attributes.namespace).filter(
      (quota) => quota.status?.hard && inQuotaScopes(quota, attributes, object),
    );
    if (quotas.length === 0) return;
    const more = this.#growth(attributes, object);
    const charged = quotas.filter((quota) => check(attributes, quota, more));
    if (attributes.dryRun || charged.length === 0) return;
    return this.#charge(attributes, charged, more);
  }

  /** What the write uses more than there was before, by name; nothing that is less. */
  #growth({ group, resource, oldObject, operation }: AdmissionAttributes, object: KubeObject): Quantities {
    const now = this.server.clock.now();
    const usage = quotaUsage({ group, resource }, object, now);
    if (operation !== 'UPDATE' || !oldObject) return usage;
    for (const [name, before] of quotaUsage({ group, resource }, oldObject, now)) {
      const growth = (usage.get(name) ?? Quantity.zero).sub(before);
      if (growth.sign > 0) usage.set(name, growth);
      else usage.delete(name);
    }
    return usage;
  }

  async #charge(attributes: AdmissionAttributes, quotas: readonly ResourceQuota[], more: Quantities): Promise<void> {
    for (const { metadata } of quotas) {
      const key = storageKey('', RESOURCE_QUOTAS.resource, metadata.namespace, metadata.name);
      await this.server.storage.update<ResourceQuota>(key, (current) => {
        if (!current || !check(attributes, current.object, more)) return 'unchanged';
        const { status } = current.object;
        return { ...current.object, status: { ...status, used: { ...status?.used, ...sums(current.object, more) } } };
      });
    }
  }
}

/**
 * @returns whether the write counts in this quota
 * @throws StatusError 403 when the quota forbids it
 */
function check(attributes: AdmissionAttributes, quota: ResourceQuota, more: Quantities): boolean {
  const { name } = quota.metadata;
  const { hard = {}, used = {} } = quota.status ?? {};
  const unsaid =
    attributes.resource === 'pods' && attributes.group === '' ? unsaidIn(attributes.object as Pod, hard) : '';
  if (unsaid) throw admissionForbidden(attributes, `failed quota: ${name}: must specify ${unsaid}`);
  const limited = [...more.keys()].filter((resource) => Object.hasOwn(hard, resource)).sort();
  if (limited.length === 0) return false;
  const unknown = limited.filter((resource) => !Object.hasOwn(used, resource));
  if (unknown.length > 0) {
    throw admissionForbidden(attributes, `status unknown for quota: ${name}, resources: ${unknown.join(',')}`);
  }
  const wanted = sums(quota, more);
  const exceeded = limited.filter((resource) => isMore(wanted[resource], hard[resource]));
  if (exceeded.length > 0) {
    const requested = Object.fromEntries(exceeded.map((resource) => [resource, String(more.get(resource))]));
    throw admissionForbidden(
      attributes,
      `exceeded quota: ${name}, requested: ${told(exceeded, requested)}, used: ${told(exceeded, used)}, limited: ${told(exceeded, hard)}`,
    );
  }
  return true;
}

/** What the quota's status will show as used, for the resources that it limits and the write needs. */
function sums({ status }: ResourceQuota, more: Quantities): Record<string, string> {
  const { hard = {}, used = {} } = status ?? {};
  const result: Record<string, string> = {};
  for (const [name, quantity] of more) {
    if (Object.hasOwn(hard, name))
      result[name] = Quantity.parse(used[name] ?? '0')
        .add(quantity)
        .toString();
  }
  return result;
}

function isMore(amount: string | undefined, limit: string | undefined): boolean {
  return Quantity.parse(amount ?? '0').cmp(Quantity.parse(limit ?? '0')) > 0;
}

function told(names: readonly string[], amounts: Names): string {
  return names.map((name) => `${name}=${amounts[name] ?? '0'}`).join(',');
}

/** `limits.cpu for: a,b; requests.memory for: b`, or nothing when every container says what the quota limits. */
function unsaidIn({ spec }: Pod, hard: Names): string {
  const atPodLevel = namesSaid(spec.resources);
  const needed = MUST_SAY.filter((name) => Object.hasOwn(hard, name) && !atPodLevel.has(name)).sort();
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  return needed
    .map((resource) => {
      const silent = containers.filter(({ resources }) => !namesSaid(resources).has(resource)).map(({ name }) => name);
      return silent.length === 0 ? '' : `${resource} for: ${[...new Set(silent)].sort().join(',')}`;
    })
    .filter(Boolean)
    .join('; ');
}

function namesSaid(resources: { requests?: Names; limits?: Names } | undefined): ReadonlySet<string> {
  const quantities = (list: Names | undefined): Quantities =>
    new Map(Object.keys(list ?? {}).map((name) => [name, Quantity.zero]));
  return new Set(podCompute(quantities(resources?.requests), quantities(resources?.limits)).keys());
}
