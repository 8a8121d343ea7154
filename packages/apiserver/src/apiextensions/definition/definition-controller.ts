/**
 * Brings CustomResourceDefinitions to life: gives them their status, serves what they define, and takes all of it away
 * again (upstream: the controllers of k8s.io/apiextensions-apiserver/pkg/controller and crdHandler).
 *
 * Level-triggered: a name is looked at again after each change of its definition. Owns the queue of names, one timer of a
 * deletion that waits for finalizers, and the signals that end watches. Invariants: one definition is worked on at a time;
 * what is served is what the stored definition says, and never outlives it.
 */
import { type CustomResourceDefinition, isNotFound, type KubeObject } from '@regatta/api';
import type { Timer } from '@regatta/runtime';
import { deleteObject } from '../../registry/delete-object.ts';
import { NameQueue } from '../../registry/name-queue.ts';
import type { Resource } from '../../registry/resource.ts';
import type { ResourceRegistry } from '../../registry/resource-registry.ts';
import { updateObject } from '../../registry/update-object.ts';
import { type Registry, timestamp, type WriteRequest } from '../../registry/write-request.ts';
import { type StoredObject, storageKey } from '../../storage/object-storage.ts';
import type { Converter } from '../converter.ts';
import { customKind } from '../custom-resource.ts';
import { withStatus } from './accepted-names.ts';
import { CLEANUP_FINALIZER, isTrue, withCondition } from './conditions.ts';

const GROUP = 'apiextensions.k8s.io';
const RESOURCE = 'customresourcedefinitions';
const PREFIX = storageKey(GROUP, RESOURCE);
/** Real milliseconds after which a deletion looks again whether the objects are gone, or a write that failed is tried again. */
const RETRY = 500;
const SYSTEM_USER = { name: 'system:apiserver', groups: ['system:masters'] };

/** How the versions of a definition are converted. */
export type ConverterOf = (definition: CustomResourceDefinition) => Converter;

interface Served {
  /** Of the definition: what is served is made again when these change. */
  readonly state: string;
  readonly end: AbortController;
}

export class DefinitionController {
  readonly #registry: Registry;
  readonly #resources: ResourceRegistry;
  readonly #converterOf: ConverterOf;
  readonly #served = new Map<string, Served>();
  readonly #queue: NameQueue;
  #retry: Timer | undefined;
  #unsubscribe: () => void = () => {};

  constructor(registry: Registry, resources: ResourceRegistry, converterOf: ConverterOf) {
    this.#registry = registry;
    this.#resources = resources;
    this.#converterOf = converterOf;
    this.#queue = new NameQueue(
      (name) => this.#reconcile(name),
      (name, error) => {
        registry.server.logger.warn('a custom resource definition was not handled', { name, error });
        this.#again(name);
      },
    );
  }

  /** Serves what was established before; the rest follows. */
  start(): void {
    const { storage } = this.#registry.server;
    this.#unsubscribe = storage.onEvent(PREFIX, ({ current }) => this.#queue.add(current.object.metadata.name));
    for (const definition of this.#definitions()) {
      this.#serve(definition);
      this.#queue.add(definition.metadata.name);
    }
  }

  async stop(): Promise<void> {
    this.#unsubscribe();
    await this.#queue.stop();
    this.#retry?.cancel();
    for (const { end } of this.#served.values()) end.abort();
  }

  #definitions(): CustomResourceDefinition[] {
    const list = this.#registry.server.storage.list(PREFIX, {});
    if (list instanceof Promise) throw new TypeError('definitions cannot be listed synchronously');
    return list.items.map(({ object }) => object as CustomResourceDefinition);
  }

  #again(name: string): void {
    this.#retry?.cancel();
    this.#retry = this.#registry.server.clock.real.setTimer(RETRY, () => {
      this.#queue.add(name);
      for (const { metadata } of this.#definitions()) if (metadata.deletionTimestamp) this.#queue.add(metadata.name);
    });
  }

  async #reconcile(name: string): Promise<void> {
    const stored = this.#registry.server.storage.get<CustomResourceDefinition>(`${PREFIX}${name}`);
    if (!stored) {
      this.#withdraw(name);
      return;
    }
    const definition = stored.object;
    const others = this.#definitions().filter(
      (other) => other.spec.group === definition.spec.group && other.metadata.name !== name,
    );
    const wanted = withStatus(definition, others, this.#now());
    const settled = wanted === definition ? definition : await this.#write(wanted);
    this.#serve(settled);
    if (settled.metadata.deletionTimestamp && settled.metadata.finalizers?.includes(CLEANUP_FINALIZER)) {
      await this.#finalize(settled);
    }
  }

  #now(): string {
    return timestamp(this.#registry.server.clock.now());
  }

  #serve(definition: CustomResourceDefinition): void {
    if (!isTrue(definition, 'Established')) return;
    const { metadata, spec, status } = definition;
    const state = JSON.stringify([spec, status?.acceptedNames, isTrue(definition, 'Terminating')]);
    const before = this.#served.get(metadata.name);
    if (before?.state === state) return;
    const end = new AbortController();
    const { server } = this.#registry;
    const kind = customKind(definition, {
      schema: server.schema,
      inner: server.storage,
      converter: this.#converterOf(definition),
      closing: end.signal,
    });
    this.#resources.serve(kind);
    this.#served.set(metadata.name, { state, end });
    before?.end.abort();
  }

  #withdraw(name: string): void {
    const served = this.#served.get(name);
    const [plural = '', ...group] = name.split('.');
    this.#served.delete(name);
    this.#resources.withdraw(group.join('.'), plural);
    served?.end.abort();
    // Names that it had may be what others wait for.
    for (const other of this.#definitions()) {
      if (other.spec.group === group.join('.') && !isTrue(other, 'NamesAccepted')) this.#queue.add(other.metadata.name);
    }
  }

  /** Deletes all objects, and lets the definition go when the last one has. */
  async #finalize(definition: CustomResourceDefinition): Promise<void> {
    const { name } = definition.metadata;
    const kind = this.#resources.customKind(definition.spec.group, definition.spec.names.plural);
    const [resource] = kind?.versions ?? [];
    const left = resource ? await this.#deleteObjects(definition, resource) : 0;
    if (left > 0) {
      this.#again(name);
      return;
    }
    const done = this.#terminating(definition, 'False', 'InstanceDeletionCompleted', 'removed all instances');
    await this.#write({
      ...done,
      metadata: {
        ...done.metadata,
        finalizers: (done.metadata.finalizers ?? []).filter((finalizer) => finalizer !== CLEANUP_FINALIZER),
      },
    });
  }

  #terminating(
    definition: CustomResourceDefinition,
    status: 'True' | 'False',
    reason: string,
    message: string,
  ): CustomResourceDefinition {
    return withCondition(definition, this.#now(), { type: 'Terminating', status, reason, message });
  }

  /** Returns how many are left: finalizers of their own hold them. */
  async #deleteObjects(definition: CustomResourceDefinition, resource: Resource): Promise<number> {
    const { storage } = this.#registry.server;
    const prefix = storageKey(definition.spec.group, definition.spec.names.plural);
    const { items } = await storage.list(prefix, {});
    if (items.length === 0) return 0;
    await this.#write(
      this.#terminating(definition, 'True', 'InstanceDeletionInProgress', 'CustomResource deletion is in progress'),
    );
    for (const item of items) if (!item.object.metadata.deletionTimestamp) await this.#deleteObject(resource, item);
    return (await storage.list(prefix, { limit: 1 })).items.length;
  }

  async #deleteObject(resource: Resource, { object }: StoredObject): Promise<void> {
    const { name, namespace = '' } = object.metadata;
    try {
      await deleteObject(this.#registry, this.#request(resource, namespace, name, ''), {
        dryRun: false,
        gracePeriodSeconds: undefined,
        propagationPolicy: undefined,
        orphanDependents: undefined,
        uid: undefined,
        resourceVersion: undefined,
      });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  #request(resource: Resource, namespace: string, name: string, subresource: string): WriteRequest {
    return {
      resource,
      namespace,
      name,
      subresource,
      user: SYSTEM_USER,
      userAgent: 'kube-apiserver',
      dryRun: false,
      fieldManager: '',
      warn: () => {},
    };
  }

  /** Writes status and finalizers over what stands, unless somebody wrote since. @throws StatusError */
  async #write(definition: CustomResourceDefinition): Promise<CustomResourceDefinition> {
    const resource = this.#resources.get(GROUP, 'v1', RESOURCE);
    if (!resource) throw new Error('definitions are not served');
    const request = this.#request(resource, '', definition.metadata.name, 'status');
    const { object } = await updateObject(this.#registry, request, {
      part: 'custom',
      mayCreate: false,
      keepsGeneration: true,
      admitted: true,
      next: (): KubeObject => structuredClone(definition) as KubeObject,
    });
    return object as CustomResourceDefinition;
  }
}
