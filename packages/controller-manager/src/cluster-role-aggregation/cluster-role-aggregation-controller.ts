/**
 * Fills ClusterRoles that gather the rules of others (pkg/controller/clusterroleaggregation): `admin`, `edit` and `view`
 * grow with every role that is labelled for them. Keys are aggregating ClusterRoles.
 */
import { type ClusterRole, isNotFound, jsonEqual, labelSelectorFrom, type PolicyRule } from '@regatta/api';
import { type Informer, type ResourceClient, resources } from '@regatta/client';
import { type ControllerContext, clientFor } from '../framework/controller.ts';
import { KeyedController } from '../framework/keyed-controller.ts';

export class ClusterRoleAggregationController extends KeyedController {
  readonly #roles: Informer<ClusterRole>;
  readonly #client: ResourceClient<ClusterRole>;

  constructor(context: ControllerContext) {
    super({ name: 'clusterrole-aggregation-controller', context, concurrency: 5 });
    this.#client = clientFor(context, 'clusterrole-aggregation-controller').resource(resources.clusterRoles);
    this.#roles = this.reads(context.informers.for(resources.clusterRoles));
    const enqueue = (): void => this.#enqueueAggregating();
    this.#roles.addHandler({ onAdd: enqueue, onUpdate: enqueue, onDelete: enqueue });
  }

  protected async reconcile(name: string): Promise<void> {
    const role = this.#roles.get('', name);
    if (!role?.aggregationRule) return;
    const rules = this.#gather(role);
    if (jsonEqual(rules, role.rules ?? [])) return;
    try {
      await this.#client.update({ ...role, rules });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** The rules of the roles that each selector matches, in order of their names, each rule once. */
  #gather({ metadata, aggregationRule }: ClusterRole): PolicyRule[] {
    const rules: PolicyRule[] = [];
    for (const selector of aggregationRule?.clusterRoleSelectors ?? []) {
      const matcher = labelSelectorFrom(selector);
      const roles = this.#roles.list().filter((role) => matcher.matches(role.metadata.labels));
      for (const role of roles.toSorted(byName)) {
        if (role.metadata.name === metadata.name) continue;
        for (const rule of role.rules ?? []) if (!rules.some((known) => jsonEqual(known, rule))) rules.push(rule);
      }
    }
    return rules;
  }

  #enqueueAggregating(): void {
    if (!this.#roles.synced) return;
    for (const role of this.#roles.list()) if (role.aggregationRule) this.queue.add(role.metadata.name);
  }

  override async run(signal: AbortSignal): Promise<void> {
    await this.#roles.whenSynced(signal);
    this.#enqueueAggregating();
    await super.run(signal);
  }
}

function byName(a: ClusterRole, b: ClusterRole): number {
  return a.metadata.name < b.metadata.name ? -1 : a.metadata.name > b.metadata.name ? 1 : 0;
}
