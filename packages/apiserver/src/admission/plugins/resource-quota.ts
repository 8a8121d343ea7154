/**
 * Holds writes against the ResourceQuotas of their namespace, and charges them
 * (upstream: staging/src/k8s.io/apiserver/pkg/admission/plugin/resourcequota).
 *
 * Invariants: a charge is a compare-and-swap of the quota's status, decided against the state that it replaces, so that
 * writes at the same time never pass a limit together. What is charged and then not stored is given back by the quota
 * controller, which counts anew; it is also who first fills a quota's status, before which nothing is held back.
 */
import {
  endsByItself,
  inQuotaScopes,
  type KubeObject,
  type Pod,
  podCompute,
  type Quantities,
  Quantity,
  quotaResourceOf,
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
const CHARGED_UPDATES: ReadonlySet<string> = new Set([
  ...['services/', 'persistentvolumeclaims/', 'persistentvolumeclaims/status', 'pods/', 'pods/resize'],
]);
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
    if (!object || keepsItsScope(attributes)) return;
    const quotas = objectsIn(this.server.storage, RESOURCE_QUOTAS, attributes.namespace);
    if (quotas.length === 0) return;
    const concerned = quotas.filter((quota) => checkApplies(attributes, object, quota));
    const now = this.server.clock.now();
    const usage = quotaUsage(attributes, object, now);
    const negative = [...usage].flatMap(([name, { sign }]) => (sign < 0 ? [name] : []));
    if (negative.length > 0) {
      throw admissionForbidden(attributes, `quota usage is negative for resource(s): ${negative.sort().join(',')}`);
    }
    const charges = concerned.map((quota): Charge => ({ quota, more: growth(attributes, quota, usage, now) }));
    const needed = charges.filter(({ quota, more }) => check(attributes, quota, more));
    if (attributes.dryRun || needed.length === 0) return;
    return this.#charge(attributes, needed);
  }

  async #charge(attributes: AdmissionAttributes, charges: readonly Charge[]): Promise<void> {
    for (const { quota, more } of charges) {
      const key = storageKey('', RESOURCE_QUOTAS.resource, quota.metadata.namespace, quota.metadata.name);
      await this.server.storage.update<ResourceQuota>(key, (current) => {
        if (!current || !check(attributes, current.object, more)) return 'unchanged';
        const { status } = current.object;
        return { ...current.object, status: { ...status, used: { ...status?.used, ...sums(current.object, more) } } };
      });
    }
  }
}

/** What a write adds to the use of one quota. */
interface Charge {
  readonly quota: ResourceQuota;
  readonly more: Quantities;
}

/** An update of a Pod matters when it comes under other quotas. */
function keepsItsScope({ operation, resource, subresource, object, oldObject }: AdmissionAttributes): boolean {
  if (operation !== 'UPDATE' || resource !== 'pods' || subresource !== '') return false;
  return endsByItself(object as Pod) === endsByItself(oldObject as Pod);
}

/**
 * @returns whether the quota is about objects like this one
 * @throws StatusError 403 when it is and can't let it in, however little is used
 */
function checkApplies(attributes: AdmissionAttributes, object: KubeObject, quota: ResourceQuota): boolean {
  const { group, resource } = attributes;
  const { hard = {}, used = {} } = quota.status ?? {};
  const counted = group === '' ? resource : `${resource}.${group}`;
  const limited = Object.keys(hard).filter((name) => quotaResourceOf(name) === counted);
  if (limited.length === 0 || !inQuotaScopes(quota, attributes, object)) return false;
  const { name } = quota.metadata;
  const unsaid = counted === 'pods' ? unsaidIn(object as Pod, hard) : '';
  if (unsaid) throw admissionForbidden(attributes, `failed quota: ${name}: must specify ${unsaid}`);
  if (limited.some((resource) => !Object.hasOwn(used, resource))) {
    throw admissionForbidden(attributes, `status unknown for quota: ${name}, resources: ${limited.sort().join(',')}`);
  }
  return true;
}

/** What the write uses more than there was before, where that counted already, by name; nothing that is less. */
function growth(attributes: AdmissionAttributes, quota: ResourceQuota, usage: Quantities, now: number): Quantities {
  const { oldObject, operation } = attributes;
  const isNew = operation !== 'UPDATE' || !oldObject || !inQuotaScopes(quota, attributes, oldObject);
  const before: Quantities = isNew ? new Map() : quotaUsage(attributes, oldObject, now);
  const more = [...usage].map(([name, amount]) => [name, amount.sub(before.get(name) ?? Quantity.zero)] as const);
  return new Map(more.filter(([, { sign }]) => sign > 0));
}

/**
 * @returns whether the write is charged to this quota
 * @throws StatusError 403 when the quota has not enough left
 */
function check(attributes: AdmissionAttributes, quota: ResourceQuota, more: Quantities): boolean {
  const { hard = {}, used = {} } = quota.status ?? {};
  const limited = [...more.keys()].filter((resource) => Object.hasOwn(hard, resource)).sort();
  if (limited.length === 0) return false;
  // What has come to be used without asking is shown all the same.
  if (attributes.subresource === 'status') return true;
  const wanted = sums(quota, more);
  const exceeded = limited.filter((resource) => isMore(wanted[resource], hard[resource]));
  if (exceeded.length > 0) {
    const requested = Object.fromEntries(exceeded.map((resource) => [resource, String(more.get(resource))]));
    throw admissionForbidden(
      attributes,
      `exceeded quota: ${quota.metadata.name}, requested: ${told(exceeded, requested)}, used: ${told(exceeded, used)}, limited: ${told(exceeded, hard)}`,
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

/**
 * `limits.cpu for: a,b; requests.memory for: b`, or nothing when every container says what the quota limits. A Pod that
 * says something of itself need not.
 */
function unsaidIn({ spec }: Pod, hard: Names): string {
  if (namesSaid(spec.resources).size > 0) return '';
  const needed = MUST_SAY.filter((name) => Object.hasOwn(hard, name)).sort();
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
