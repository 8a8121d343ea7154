/**
 * Sees to it that every active namespace has the ServiceAccount `default`
 * (pkg/controller/serviceaccount/serviceaccounts_controller.go). Keys are namespaces.
 */

import type { ServiceAccount } from '@regatta/api';
import { isAlreadyExists, isForbidden, type Namespace } from '@regatta/api';
import { type Informer, type ResourceClient, resources } from '@regatta/client';
import { type ControllerContext, clientFor } from '../framework/controller.ts';
import { KeyedController } from '../framework/keyed-controller.ts';

const NAME = 'default';

export class ServiceAccountController extends KeyedController {
  readonly #namespaces: Informer<Namespace>;
  readonly #accounts: Informer<ServiceAccount>;
  readonly #client: ResourceClient<ServiceAccount>;

  constructor(context: ControllerContext) {
    super({ name: 'serviceaccount-controller', context, concurrency: 4 });
    this.#namespaces = this.reads(context.informers.for(resources.namespaces));
    this.#accounts = this.reads(context.informers.for(resources.serviceAccounts));
    this.#client = clientFor(context, 'service-account-controller').resource(resources.serviceAccounts);
    const enqueue = ({ metadata }: Namespace): void => this.queue.add(metadata.name);
    this.#namespaces.addHandler({ onAdd: enqueue, onUpdate: enqueue });
    this.#accounts.addHandler({ onDelete: ({ metadata }) => this.queue.add(metadata.namespace ?? '') });
  }

  protected async reconcile(namespace: string): Promise<void> {
    if (this.#namespaces.get('', namespace)?.status?.phase !== 'Active') return;
    if (this.#accounts.get(namespace, NAME)) return;
    try {
      await this.#client.create({ metadata: { name: NAME, namespace } });
    } catch (error) {
      if (!isAlreadyExists(error) && !isNamespaceTerminating(error)) throw error;
    }
  }
}

/** Nothing can be made in a namespace that is being deleted (apierrors.HasStatusCause NamespaceTerminating). */
export function isNamespaceTerminating(error: unknown): boolean {
  return (
    isForbidden(error) && (error.status.details?.causes ?? []).some(({ reason }) => reason === 'NamespaceTerminating')
  );
}
