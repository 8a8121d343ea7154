/**
 * Keeps what is in use from being deleted under its users: a finalizer that goes when nobody uses the object any more
 * (pkg/controller/volume/{pvcprotection,pvprotection,vacprotection}, one frame for all three). Keys are objects.
 */
import { isNotFound, type KubeObject, keyOf, type ResourceRef, splitKey } from '@regatta/api';
import type { Informer, ResourceClient } from '@regatta/client';
import { type ControllerContext, clientFor } from '../framework/controller.ts';
import { KeyedController } from '../framework/keyed-controller.ts';

export interface Protection<T extends KubeObject> {
  readonly name: string;
  readonly serviceAccount: string;
  readonly resource: ResourceRef<T>;
  readonly finalizer: string;
  readonly concurrency: number;
}

export abstract class ProtectionController<T extends KubeObject> extends KeyedController {
  readonly #objects: Informer<T>;
  readonly #client: ResourceClient<T>;
  readonly #finalizer: string;

  constructor(context: ControllerContext, { name, serviceAccount, resource, finalizer, concurrency }: Protection<T>) {
    super({ name, context, concurrency });
    this.#finalizer = finalizer;
    this.#client = clientFor(context, serviceAccount).resource(resource);
    this.#objects = this.reads(context.informers.for(resource));
    const onChange = (object: T): void => {
      if (this.#isWrong(object)) this.queue.add(keyOf(object));
    };
    this.#objects.addHandler({ onAdd: onChange, onUpdate: onChange });
  }

  /** Whether somebody still needs the object, which is about to go. */
  protected abstract isUsed(object: T): boolean;

  protected async reconcile(key: string): Promise<void> {
    const { namespace, name } = splitKey(key);
    const object = this.#objects.get(namespace, name);
    if (!object || !this.#isWrong(object)) return;
    const { finalizers = [], deletionTimestamp } = object.metadata;
    if (deletionTimestamp !== undefined && this.isUsed(object)) return;
    const wanted =
      deletionTimestamp === undefined
        ? [...finalizers, this.#finalizer]
        : finalizers.filter((finalizer) => finalizer !== this.#finalizer);
    const metadata = { ...object.metadata, finalizers: wanted };
    await this.#client.update({ ...object, metadata }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }

  /** It has the finalizer and shall go, or it stays and has none. */
  #isWrong({ metadata }: T): boolean {
    const isProtected = metadata.finalizers?.includes(this.#finalizer) ?? false;
    return isProtected === (metadata.deletionTimestamp !== undefined);
  }
}
