/**
 * What the node-agent needs of the API, as narrow as it uses it. @regatta/client's resource clients fit these by their
 * shape; tests put an in-memory API in their place. All of them throw StatusError.
 */
import type { KubeObject, ObjectReference } from '@regatta/api';

export interface ObjectGetter<T extends KubeObject> {
  get(name: string, namespace?: string): Promise<T>;
}

export interface PreconditionedDelete {
  readonly namespace?: string;
  readonly gracePeriodSeconds?: number;
  readonly preconditions?: { readonly uid?: string };
}

export interface ObjectApi<T extends KubeObject> extends ObjectGetter<T> {
  create(object: T, options?: { readonly namespace?: string }): Promise<T>;
  update(object: T): Promise<T>;
  updateStatus(object: T): Promise<T>;
  delete(name: string, options?: PreconditionedDelete): Promise<unknown>;
}

/** Records events; never waits and never throws. */
export interface EventSink {
  event(regarding: ObjectReference, type: 'Normal' | 'Warning', reason: string, message: string): void;
}
