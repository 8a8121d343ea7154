/**
 * Counts what namespaces use of their ResourceQuotas (pkg/controller/resourcequota/resource_quota_controller.go).
 *
 * Admission charges what is created; this controller first fills a quota's status, gives back what is deleted or has
 * finished, and counts everything anew now and then. Keys are quotas. Counts are read from the API, not from caches, which
 * may not know yet what admission has charged.
 */
import {
  isConflict,
  isNotFound,
  jsonEqual,
  type KubeObject,
  type PersistentVolumeClaim,
  type Pod,
  type ResourceQuota,
  type Service,
} from '@regatta/api';
import { type ApiClient, type Informer, type ResourceClient, resources } from '@regatta/client';
import { type ControllerContext, clientFor } from '../framework/controller.ts';
import { KeyedController } from '../framework/keyed-controller.ts';
import { periodically } from '../framework/periodically.ts';
import { countUsage } from './count-usage.ts';
import { CountedResources } from './counted-resources.ts';

/** Upstream's --resource-quota-sync-period, cluster milliseconds. */
const RESYNC_MS = 300_000;
const BY_NAMESPACE = 'namespace';

export class ResourceQuotaController extends KeyedController {
  readonly #quotas: Informer<ResourceQuota>;
  readonly #client: ResourceClient<ResourceQuota>;
  readonly #api: ApiClient;
  readonly #counted: CountedResources;

  constructor(context: ControllerContext) {
    super({ name: 'resourcequota-controller', context, concurrency: 5 });
    this.#api = clientFor(context, 'resourcequota-controller');
    this.#client = this.#api.resource(resources.resourceQuotas);
    this.#counted = new CountedResources(this.#api);
    this.#quotas = this.reads(context.informers.for(resources.resourceQuotas));
    context.informers.index(resources.resourceQuotas, BY_NAMESPACE, ({ metadata }) => [metadata.namespace ?? '']);
    this.#quotas.addHandler({
      onAdd: (quota) => this.#enqueue(quota),
      onUpdate: (quota, old) => {
        if (!jsonEqual(quota.spec, old.spec) || !jsonEqual(quota.spec?.hard ?? {}, quota.status?.hard ?? {}))
          this.#enqueue(quota);
      },
    });
    context.informers.for(resources.pods).addHandler({
      onUpdate: (pod, old) => {
        if ((isFinished(pod) && !isFinished(old)) || asksOtherwise(pod, old)) this.usedLess(pod);
      },
    });
    context.informers.for(resources.services).addHandler({
      onUpdate: (service, old) => {
        if (portsOf(service) < portsOf(old) || service.spec.type !== old.spec.type) this.usedLess(service);
      },
    });
    context.informers.for(resources.persistentVolumeClaims).addHandler({
      onUpdate: (claim, old) => {
        if (!jsonEqual(countedOf(claim), countedOf(old))) this.usedLess(claim);
      },
    });
  }

  /** An object is gone, or uses less than before: the quotas of its namespace are counted again. */
  usedLess({ metadata }: KubeObject): void {
    if (!metadata.namespace) return;
    for (const quota of this.#quotas.byIndex(BY_NAMESPACE, metadata.namespace)) this.#enqueue(quota);
  }

  override async run(signal: AbortSignal): Promise<void> {
    const everything = (): void => {
      for (const quota of this.#quotas.list()) this.#enqueue(quota);
    };
    const resync = periodically(this.context.clusterClock, RESYNC_MS, everything, { logger: this.logger, signal });
    await Promise.all([super.run(signal), resync]);
  }

  protected async reconcile(key: string): Promise<void> {
    const [namespace = '', name = ''] = key.split('/');
    try {
      // The newest state first: a charge that comes while we count makes the write a conflict. Upstream's role for this
      // controller may list quotas, not get them.
      const { items } = await this.#client.list({ namespace, fieldSelector: `metadata.name=${name}` });
      const [quota] = items;
      if (!quota) return;
      const hard = quota.spec?.hard ?? {};
      const used = await countUsage(this.#counted, quota, this.context.clock.now());
      const status = { hard, used: { ...used } };
      if (!jsonEqual(quota.status ?? {}, status)) await this.#client.updateStatus({ ...quota, status });
    } catch (error) {
      if (isNotFound(error)) return;
      if (isConflict(error)) return this.queue.addRateLimited(key);
      throw error;
    }
  }

  #enqueue({ metadata }: ResourceQuota): void {
    this.queue.add(`${metadata.namespace}/${metadata.name}`);
  }
}

function isFinished({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

/** A Pod that was resized, or came to end by itself, may use less of one quota or other quotas. */
function asksOtherwise({ metadata }: Pod, old: Pod): boolean {
  return metadata.generation !== old.metadata.generation;
}

/** What of a claim's status counts. */
function countedOf({ status }: PersistentVolumeClaim): unknown {
  const { allocatedResources, currentVolumeAttributesClassName, modifyVolumeStatus } = status ?? {};
  const target = modifyVolumeStatus?.targetVolumeAttributesClassName;
  return { allocatedResources, currentVolumeAttributesClassName, target };
}

function portsOf({ spec }: Service): number {
  return spec.ports?.length ?? 0;
}
