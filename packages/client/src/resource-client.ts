/**
 * One resource of the API: every verb, typed. Errors are StatusErrors, also for a transport that gives no answer.
 *
 * Invariant: objects that come out carry apiVersion and kind, which items of upstream's lists lack.
 */
import {
  apiVersionOf,
  type KubeObject,
  type ResourceRef,
  resourcePath,
  type Status,
  statusErrorFrom,
} from '@regatta/api';
import type { ApiClient } from './api-client.ts';
import {
  deleteBody,
  type ListOptions,
  type PatchOptions,
  type PatchType,
  queryString,
  type RemoveOptions,
  type WatchOptions,
  type WriteOptions,
  writeQuery,
} from './list-options.ts';
import { decodeResponse } from './responses.ts';
import { jsonCodec } from './transport/json-codec.ts';
import type { WatchEvent } from './watch-event.ts';

export interface ListResult<T> {
  readonly items: T[];
  readonly resourceVersion: string;
  readonly continue?: string;
}

interface ListBody<T> {
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items: T[] | null;
}

const PATCH_TYPES: Readonly<Record<PatchType, string>> = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
};

export class ResourceClient<T extends KubeObject> {
  readonly #apiVersion: string;

  constructor(
    readonly api: ApiClient,
    readonly ref: ResourceRef<T>,
  ) {
    this.#apiVersion = apiVersionOf(ref);
  }

  get(name: string, namespace?: string): Promise<T> {
    return this.#request('GET', resourcePath(this.ref, namespace, name)) as Promise<T>;
  }

  async list({ namespace, ...query }: ListOptions = {}): Promise<ListResult<T>> {
    const url = resourcePath(this.ref, namespace) + queryString({ ...query });
    const body = (await this.#request('GET', url)) as ListBody<T>;
    const { resourceVersion = '', continue: token } = body.metadata;
    const items = (body.items ?? []).map((item) => this.#name(item));
    return token ? { items, resourceVersion, continue: token } : { items, resourceVersion };
  }

  /** Ends when the server ends the watch or the signal aborts. @throws StatusError, 410 for a resourceVersion too old */
  async *watch({ namespace, ...query }: WatchOptions, signal: AbortSignal): AsyncGenerator<WatchEvent<T>, void, void> {
    const url = resourcePath(this.ref, namespace) + queryString({ watch: true, ...query });
    const events = await this.api.transport.watch(this.api.addressed({ method: 'GET', url, headers: {} }), signal);
    for await (const { type, object } of events) {
      if (type === 'ERROR') throw statusErrorFrom(object as Status);
      yield { type: type as WatchEvent<T>['type'], object: this.#name(object as T) };
    }
  }

  create(object: T, options: WriteOptions = {}): Promise<T> {
    const url = resourcePath(this.ref, options.namespace ?? object.metadata.namespace) + writeQuery(options);
    return this.#request('POST', url, this.#name(object)) as Promise<T>;
  }

  update(object: T, options: WriteOptions = {}): Promise<T> {
    return this.#put(object, options);
  }

  updateStatus(object: T, options: WriteOptions = {}): Promise<T> {
    return this.#put(object, options, 'status');
  }

  /** Writes the part of an object that this subresource is about: `approval`, `finalize`. */
  updateSubresource(object: T, subresource: string, options: WriteOptions = {}): Promise<T> {
    return this.#put(object, options, subresource);
  }

  async patch(name: string, options: PatchOptions): Promise<T> {
    const url = resourcePath(this.ref, options.namespace, name, options.subresource) + writeQuery(options);
    const response = await this.api.send({
      method: 'PATCH',
      url,
      headers: { 'content-type': PATCH_TYPES[options.type] },
      body: jsonCodec.encode(options.body),
    });
    return decodeResponse(this.api.transport, response) as T;
  }

  /** The object as it was deleted or now waits for its deletion, or a Status. */
  delete(name: string, options: RemoveOptions = {}): Promise<T | Status> {
    const url = resourcePath(this.ref, options.namespace, name);
    return this.#request('DELETE', url, deleteBody(options)) as Promise<T | Status>;
  }

  async deleteCollection({
    namespace,
    labelSelector,
    fieldSelector,
    ...options
  }: RemoveOptions & ListOptions): Promise<void> {
    const url = resourcePath(this.ref, namespace) + queryString({ labelSelector, fieldSelector });
    await this.#request('DELETE', url, deleteBody(options));
  }

  /** Posts to a subresource: `binding`, `eviction`, `token`. */
  subresource(name: string, subresource: string, body: unknown, namespace?: string): Promise<unknown> {
    return this.#request('POST', resourcePath(this.ref, namespace, name, subresource), body);
  }

  #put(object: T, options: WriteOptions, subresource?: string): Promise<T> {
    const { name, namespace } = object.metadata;
    const url = resourcePath(this.ref, options.namespace ?? namespace, name, subresource) + writeQuery(options);
    return this.#request('PUT', url, this.#name(object)) as Promise<T>;
  }

  #request(method: string, url: string, body?: unknown): Promise<unknown> {
    return this.api.request({ method, url, body });
  }

  /** The object with apiVersion and kind: the same one where it has them, for cached objects are never changed. */
  #name(object: T): T {
    if (object.kind !== undefined && object.apiVersion !== undefined) return object;
    return { apiVersion: this.#apiVersion, kind: this.ref.kind, ...object };
  }
}
