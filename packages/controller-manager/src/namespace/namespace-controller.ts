/**
 * Ends namespaces that are being deleted (pkg/controller/namespace/namespace_controller.go): phase Terminating, content
 * deleted, conditions told, finalizer `kubernetes` taken off. Keys are namespaces.
 *
 * Invariant: the finalizer goes only after a pass that found no content and no error.
 */
import { isNotFound, type Namespace, resourcePath } from '@regatta/api';
import { type ApiClient, formatTime, type Informer, type ResourceClient, resources } from '@regatta/client';
import { type ControllerContext, clientFor } from '../framework/controller.ts';
import { KeyedController } from '../framework/keyed-controller.ts';
import { retryOnConflict } from '../framework/retry-on-conflict.ts';
import { ContentDeleter } from './content-deleter.ts';
import { withDeletionConditions } from './namespace-conditions.ts';

/** Lets every apiserver see the deletion before content is deleted, lest one still admits more. Cluster milliseconds. */
const OBSERVE_DELAY_MS = 5000;
const FINALIZER = 'kubernetes';

export class NamespaceController extends KeyedController {
  readonly #namespaces: Informer<Namespace>;
  readonly #api: ApiClient;
  readonly #client: ResourceClient<Namespace>;
  readonly #content: ContentDeleter;

  constructor(context: ControllerContext) {
    super({ name: 'namespace-controller', context, concurrency: 4 });
    this.#api = clientFor(context, 'namespace-controller');
    this.#client = this.#api.resource(resources.namespaces);
    this.#content = new ContentDeleter(this.#api, context.clusterClock);
    this.#namespaces = this.reads(context.informers.for(resources.namespaces));
    const enqueue = ({ metadata }: Namespace): void => {
      if (metadata.deletionTimestamp) this.queue.addAfter(metadata.name, OBSERVE_DELAY_MS);
    };
    this.#namespaces.addHandler({ onAdd: enqueue, onUpdate: enqueue });
  }

  protected async reconcile(name: string): Promise<void> {
    if (!this.#namespaces.get('', name)?.metadata.deletionTimestamp) return;
    const namespace = await this.#markTerminating(name);
    if (!namespace || isFinalized(namespace)) return;
    const { findings, estimate } = await this.#content.deleteAll(namespace);
    const now = formatTime(this.context.clock.now());
    const status = withDeletionConditions(namespace.status ?? {}, findings, now);
    if (status) await this.#client.updateStatus({ ...namespace, status });
    const errors = [...findings.contentErrors, ...(findings.discoveryError ? [findings.discoveryError] : [])];
    if (errors.length > 0) throw new AggregateError(errors, `namespace ${name} keeps content`);
    if (estimate > 0) return this.queue.addAfter(name, (Math.floor(estimate / 2) + 1) * 1000);
    await this.#finalize(name);
  }

  async #markTerminating(name: string): Promise<Namespace | undefined> {
    try {
      return await retryOnConflict(
        () => this.#client.get(name),
        async (namespace) => {
          const { metadata, status } = namespace;
          if (!metadata.deletionTimestamp || status?.phase === 'Terminating') return namespace;
          return this.#client.updateStatus({ ...namespace, status: { ...status, phase: 'Terminating' } });
        },
      );
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async #finalize(name: string): Promise<void> {
    const url = resourcePath(resources.namespaces, undefined, name, 'finalize');
    await retryOnConflict(
      () => this.#client.get(name),
      async (namespace) => {
        const finalizers = (namespace.spec.finalizers ?? []).filter((finalizer) => finalizer !== FINALIZER);
        const body = { ...namespace, spec: { ...namespace.spec, finalizers } };
        return this.#api.request({ method: 'PUT', url, body });
      },
    ).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }
}

function isFinalized({ spec }: Namespace): boolean {
  return (spec.finalizers ?? []).length === 0;
}
