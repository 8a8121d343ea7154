/**
 * Tells kubelets how long they may cache Secrets and ConfigMaps: the larger the cluster, the longer
 * (pkg/controller/ttl/ttl_controller.go). Keys are nodes.
 */
import { isNotFound, type Node } from '@regatta/api';
import { type Informer, type ResourceClient, resources } from '@regatta/client';
import { type ControllerContext, clientFor } from '../framework/controller.ts';
import { KeyedController } from '../framework/keyed-controller.ts';

export const TTL_ANNOTATION = 'node.alpha.kubernetes.io/ttl';

/** Sizes overlap, so that a cluster on a border does not rewrite its nodes again and again. */
const BOUNDARIES: readonly { readonly least: number; readonly most: number; readonly seconds: number }[] = [
  { least: 0, most: 100, seconds: 0 },
  { least: 90, most: 500, seconds: 15 },
  { least: 450, most: 1000, seconds: 30 },
  { least: 900, most: 2000, seconds: 60 },
  { least: 1800, most: 10_000, seconds: 300 },
  { least: 9000, most: Number.POSITIVE_INFINITY, seconds: 600 },
];

export class NodeTtlController extends KeyedController {
  readonly #nodes: Informer<Node>;
  readonly #client: ResourceClient<Node>;
  #count = 0;
  #step = 0;

  constructor(context: ControllerContext) {
    super({ name: 'ttl-controller', context, concurrency: 5 });
    this.#client = clientFor(context, 'ttl-controller').resource(resources.nodes);
    this.#nodes = this.reads(context.informers.for(resources.nodes));
    this.#nodes.addHandler({
      onAdd: ({ metadata }) => this.#counted(1, metadata.name),
      onUpdate: ({ metadata }) => this.queue.add(metadata.name),
      onDelete: () => this.#counted(-1),
    });
  }

  protected async reconcile(name: string): Promise<void> {
    const node = this.#nodes.get('', name);
    const wanted = String(BOUNDARIES[this.#step]?.seconds ?? 0);
    if (!node || node.metadata.annotations?.[TTL_ANNOTATION] === wanted) return;
    const body = { metadata: { annotations: { [TTL_ANNOTATION]: wanted } } };
    await this.#client.patch(name, { type: 'merge', body }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }

  #counted(change: number, name?: string): void {
    this.#count += change;
    const { least = 0, most = 0 } = BOUNDARIES[this.#step] ?? {};
    const step = this.#count > most ? 1 : this.#count < least ? -1 : 0;
    this.#step += step;
    if (step !== 0) for (const { metadata } of this.#nodes.list()) this.queue.add(metadata.name);
    else if (name !== undefined) this.queue.add(name);
  }
}
