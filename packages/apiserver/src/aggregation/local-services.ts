/**
 * APIServices of what this server serves itself: those of built-in versions are put right once, at the start; those of
 * definitions are kept as long as a definition serves the version
 * (upstream: k8s.io/kube-aggregator/pkg/controllers/autoregister, pkg/controlplane/controller/crdregistration).
 *
 * Owns which definitions serve which version, and the queue of versions to look at. Invariants: an APIService without the
 * label belongs to somebody else and is never touched; one version is worked on at a time.
 */
import type { APIService, CustomResourceDefinition, GroupInfo, KubeObject, ResourceRef } from '@regatta/api';
import { currentObjects } from '../admission/current-objects.ts';
import { NameQueue } from '../registry/name-queue.ts';
import type { ResourceRegistry } from '../registry/resource-registry.ts';
import { Seed } from '../registry/seed.ts';
import { timestamp } from '../registry/write-request.ts';
import type { ServerContext } from '../server/context.ts';
import { type ObjectEvent, type StoredObject, storageKey } from '../storage/object-storage.ts';
import { LOCAL, withAvailable } from './available.ts';
import { CUSTOM_PRIORITY, localPriority, type Priority } from './local-priorities.ts';

export const AUTO_LABEL = 'kube-aggregator.kubernetes.io/automanaged';
/** Values of the label. */
const ON_START = 'onstart';
const ALWAYS = 'true';

export const API_SERVICES: ResourceRef<APIService> = {
  group: 'apiregistration.k8s.io',
  version: 'v1',
  resource: 'apiservices',
  kind: 'APIService',
  namespaced: false,
};
const DEFINITIONS: ResourceRef<CustomResourceDefinition> = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  resource: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};

export const API_SERVICE_KEYS = storageKey(API_SERVICES.group, API_SERVICES.resource);
const DEFINITION_KEYS = storageKey(DEFINITIONS.group, DEFINITIONS.resource);

/** Creates and corrects those of built-in versions. */
export async function registerBuiltIns(server: ServerContext, resources: ResourceRegistry): Promise<void> {
  const services = resources.schema.groups.flatMap((group) => builtIns(group));
  await Promise.all(services.map((service) => put(server, resources, service)));
}

function builtIns({ name, versions }: GroupInfo): APIService[] {
  return versions.flatMap((version) => {
    const priority = localPriority(name, version);
    return priority ? [localService(name, version, priority, ON_START)] : [];
  });
}

function localService(group: string, version: string, priority: Priority, managed: string): APIService {
  return {
    kind: 'APIService',
    apiVersion: 'apiregistration.k8s.io/v1',
    metadata: { name: `${version}.${group}`, labels: { [AUTO_LABEL]: managed } },
    spec: {
      ...(group === '' ? {} : { group }),
      version,
      groupPriorityMinimum: priority.group,
      versionPriority: priority.version,
    },
    status: {},
  };
}

async function put(server: ServerContext, resources: ResourceRegistry, wanted: APIService): Promise<void> {
  const key = `${API_SERVICE_KEYS}${wanted.metadata.name}`;
  const now = timestamp(server.clock.now());
  const seed = new Seed(server, resources);
  await server.storage.update<APIService>(key, (current) => {
    if (!current)
      return withAvailable(seed.fresh(API_SERVICES.group, API_SERVICES.resource, asObject(wanted)), LOCAL, now);
    const before = current.object;
    if (before.metadata.labels?.[AUTO_LABEL] === undefined) return 'unchanged';
    const labels = { ...before.metadata.labels, ...wanted.metadata.labels };
    const next = withAvailable({ ...before, metadata: { ...before.metadata, labels }, spec: wanted.spec }, LOCAL, now);
    return JSON.stringify(next) === JSON.stringify(before) ? 'unchanged' : next;
  });
}

function asObject(service: APIService): APIService & KubeObject {
  return service;
}

export class CustomServices {
  readonly #server: ServerContext;
  readonly #resources: ResourceRegistry;
  /** Names of definitions by the APIService that they need. */
  readonly #users = new Map<string, Set<string>>();
  /** APIServices that each definition needs. */
  readonly #needs = new Map<string, readonly string[]>();
  readonly #queue: NameQueue;
  readonly #unsubscribe: (() => void)[] = [];

  constructor(server: ServerContext, resources: ResourceRegistry) {
    this.#server = server;
    this.#resources = resources;
    this.#queue = new NameQueue(
      (name) => this.#reconcile(name),
      (name, error) => server.logger.warn('an APIService was not registered', { name, error }),
    );
  }

  start(): void {
    const { storage } = this.#server;
    this.#unsubscribe.push(
      storage.onEvent(DEFINITION_KEYS, ({ type, current }) =>
        this.#follow(current.object as CustomResourceDefinition, type === 'DELETED'),
      ),
      storage.onEvent(API_SERVICE_KEYS, (event) => this.#changed(event)),
    );
    for (const definition of currentObjects(storage, DEFINITIONS)) this.#follow(definition, false);
    for (const service of currentObjects(storage, API_SERVICES)) {
      if (service.metadata.labels?.[AUTO_LABEL] === ALWAYS) this.#queue.add(service.metadata.name);
    }
  }

  async stop(): Promise<void> {
    for (const end of this.#unsubscribe) end();
    await this.#queue.stop();
  }

  #follow({ metadata, spec }: CustomResourceDefinition, isGone: boolean): void {
    const served = isGone ? [] : spec.versions.filter((version) => version.served);
    const needs = served.map((version) => `${version.name}.${spec.group}`);
    const before = this.#needs.get(metadata.name) ?? [];
    for (const name of before) if (!needs.includes(name)) this.#release(name, metadata.name);
    for (const name of needs) if (!before.includes(name)) this.#require(name, metadata.name);
    if (needs.length === 0) this.#needs.delete(metadata.name);
    else this.#needs.set(metadata.name, needs);
  }

  #require(name: string, definition: string): void {
    const users = this.#users.get(name) ?? new Set();
    users.add(definition);
    this.#users.set(name, users);
    if (users.size === 1) this.#queue.add(name);
  }

  #release(name: string, definition: string): void {
    const users = this.#users.get(name);
    users?.delete(definition);
    if (!users || users.size > 0) return;
    this.#users.delete(name);
    this.#queue.add(name);
  }

  #changed({ type, current }: ObjectEvent): void {
    const { name, labels } = current.object.metadata;
    if (type === 'DELETED' ? this.#users.has(name) : labels?.[AUTO_LABEL] === ALWAYS) this.#queue.add(name);
  }

  async #reconcile(name: string): Promise<void> {
    const dot = name.indexOf('.');
    const [version, group] = [name.slice(0, dot), name.slice(dot + 1)];
    // Versions of built-in groups are registered at the start.
    if (localPriority(group, version)) return;
    if (this.#users.has(name)) {
      await put(this.#server, this.#resources, localService(group, version, CUSTOM_PRIORITY, ALWAYS));
      return;
    }
    const key = `${API_SERVICE_KEYS}${name}`;
    if (!isKept(this.#server.storage.get<APIService>(key))) return;
    await this.#server.storage.update<APIService>(key, (current) => (isKept(current) ? 'delete' : 'unchanged'));
  }
}

function isKept(stored: StoredObject<APIService> | undefined): boolean {
  return stored?.object.metadata.labels?.[AUTO_LABEL] === ALWAYS;
}
