/**
 * The APIServices that other servers answer for: which request goes to which, whether they are available, and what they
 * serve (upstream: k8s.io/kube-aggregator/pkg/apiserver/apiserver.go, pkg/controllers/status, handler_discovery.go).
 *
 * Level-triggered: a name is checked after each change of its APIService, its Service or the Service's EndpointSlices, and
 * every RESYNC. Owns the map by group and version, one timer a name, and what documents say of these versions.
 * Invariants: one check of a name runs at a time; services and slices are followed only while there is a remote API.
 */
import { type APIService, jsonEqual, type KubeObject } from '@regatta/api';
import type { Clock, Timer } from '@regatta/runtime';
import { currentObjects } from '../admission/current-objects.ts';
import type { RemoteVersion, ResourceRegistry } from '../registry/resource-registry.ts';
import { timestamp } from '../registry/write-request.ts';
import type { ServerContext } from '../server/context.ts';
import { type ObjectEvent, storageKey } from '../storage/object-storage.ts';
import { type CheckEnvironment, checkAvailability } from './availability-check.ts';
import { type Availability, isAvailable, LOCAL, withAvailable } from './available.ts';
import { extensionTarget } from './extension-server.ts';
import { API_SERVICE_KEYS, API_SERVICES } from './local-services.ts';
import { type RemoteDocuments, remoteDocuments } from './remote-discovery.ts';

/** Real milliseconds between two checks of what is available. */
export const RESYNC = 30_000;
/** Real milliseconds until what is not available is checked again: doubled each time, up to RESYNC. */
export const FIRST_RETRY = 250;

const SLICE_LABEL = 'kubernetes.io/service-name';
const NOTHING: RemoteDocuments = { resources: [] };

interface Remote {
  service: APIService;
  documents: RemoteDocuments;
  failures: number;
  timer: Timer | undefined;
  checking: Promise<void> | undefined;
  /** Something changed while it was checked. */
  again: boolean;
}

export class RemoteApis {
  readonly #server: ServerContext;
  readonly #resources: ResourceRegistry;
  readonly #env: CheckEnvironment;
  readonly #clock: Clock;
  readonly #byName = new Map<string, Remote>();
  /** The names of remote ones, by `group/version`. */
  readonly #byVersion = new Map<string, Remote>();
  readonly #unsubscribe: (() => void)[] = [];
  #unfollow: (() => void) | undefined;
  #stopped = false;

  /** @param env how extension servers are reached @param clock real time */
  constructor(server: ServerContext, resources: ResourceRegistry, env: CheckEnvironment, clock: Clock) {
    this.#server = server;
    this.#resources = resources;
    this.#env = env;
    this.#clock = clock;
  }

  get env(): CheckEnvironment {
    return this.#env;
  }

  start(): void {
    const { storage } = this.#server;
    this.#unsubscribe.push(storage.onEvent(API_SERVICE_KEYS, (event) => this.#changed(event)));
    for (const service of currentObjects(storage, API_SERVICES)) this.#follow(service, true);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const end of this.#unsubscribe) end();
    this.#unfollow?.();
    for (const { timer } of this.#byName.values()) timer?.cancel();
    await Promise.all([...this.#byName.values()].map(({ checking }) => checking));
  }

  /** The remote APIService that answers for a version; undefined when this server does. */
  of(group: string, version: string): APIService | undefined {
    return this.#byVersion.size === 0 ? undefined : this.#byVersion.get(`${group}/${version}`)?.service;
  }

  get isEmpty(): boolean {
    return this.#byVersion.size === 0;
  }

  #changed({ type, current, previous }: ObjectEvent): void {
    const service = current.object as APIService;
    if (type === 'DELETED') {
      this.#forget(service.metadata.name);
      return;
    }
    const before = previous?.object as APIService | undefined;
    this.#follow(service, !jsonEqual(before?.spec, service.spec));
  }

  #forget(name: string): void {
    const remote = this.#byName.get(name);
    if (!remote) return;
    remote.timer?.cancel();
    this.#byName.delete(name);
    this.#index();
  }

  #follow(service: APIService, isNew: boolean): void {
    const { name } = service.metadata;
    if (!service.spec.service) {
      this.#forget(name);
      if (!isAvailable(service)) void this.#write(service, LOCAL).catch((error: unknown) => this.#failed(name, error));
      return;
    }
    const known = this.#byName.get(name);
    const remote: Remote = known ?? {
      service,
      documents: NOTHING,
      failures: 0,
      timer: undefined,
      checking: undefined,
      again: false,
    };
    remote.service = service;
    this.#byName.set(name, remote);
    this.#index();
    if (isNew) this.#check(remote);
  }

  /** Makes the map and the documents anew. */
  #index(): void {
    this.#byVersion.clear();
    for (const remote of this.#byName.values()) {
      const { group = '', version = '' } = remote.service.spec;
      // The core group is this server's own.
      if (group !== '') this.#byVersion.set(`${group}/${version}`, remote);
    }
    this.#followServices();
    const versions = [...this.#byVersion.values()].map(remoteVersion);
    if (!jsonEqual(versions, this.#resources.remote)) this.#resources.announce(versions);
  }

  #followServices(): void {
    if (this.isEmpty) {
      this.#unfollow?.();
      this.#unfollow = undefined;
      return;
    }
    if (this.#unfollow) return;
    const { storage } = this.#server;
    const ends = [
      storage.onEvent(storageKey('', 'services'), ({ current }) => this.#serviceChanged(current.object, 'name')),
      storage.onEvent(storageKey('discovery.k8s.io', 'endpointslices'), ({ current }) =>
        this.#serviceChanged(current.object, 'label'),
      ),
    ];
    this.#unfollow = () => {
      for (const end of ends) end();
    };
  }

  #serviceChanged({ metadata }: KubeObject, by: 'name' | 'label'): void {
    const name = by === 'name' ? metadata.name : metadata.labels?.[SLICE_LABEL];
    for (const remote of this.#byVersion.values()) {
      const { service } = remote.service.spec;
      if (service?.name === name && service?.namespace === metadata.namespace) this.#check(remote);
    }
  }

  #check(remote: Remote): void {
    if (this.#stopped) return;
    remote.again = true;
    remote.checking ??= this.#run(remote);
  }

  async #run(remote: Remote): Promise<void> {
    // Whoever changed something is answered before it is looked at.
    await Promise.resolve();
    remote.timer?.cancel();
    while (remote.again && !this.#stopped) {
      remote.again = false;
      await this.#reconcile(remote).catch((error: unknown) => {
        remote.failures++;
        this.#failed(remote.service.metadata.name, error);
      });
    }
    remote.checking = undefined;
    if (this.#stopped || this.#byName.get(remote.service.metadata.name) !== remote) return;
    remote.timer = this.#clock.setTimer(retryAfter(remote.failures), () => this.#check(remote));
  }

  async #reconcile(remote: Remote): Promise<void> {
    const { service } = remote;
    const found = await checkAvailability(this.#env, service);
    if (found.status === 'True') remote.documents = await this.#documents(service);
    remote.failures = found.status === 'True' ? 0 : remote.failures + 1;
    await this.#write(service, found);
    if (!this.#stopped) this.#index();
  }

  /** What was known stays when the server doesn't tell. */
  async #documents(service: APIService): Promise<RemoteDocuments> {
    const { group = '', version = '', service: reference = {} } = service.spec;
    const target = extensionTarget(this.#env, reference, service.spec);
    try {
      return await remoteDocuments(this.#env.extensions, target, group, version);
    } catch (error) {
      this.#failed(service.metadata.name, error);
      return this.#byName.get(service.metadata.name)?.documents ?? NOTHING;
    }
  }

  #failed(name: string, error: unknown): void {
    if (!this.#stopped) this.#server.logger.warn('an APIService was not checked', { name, error });
  }

  async #write({ metadata, spec }: APIService, found: Availability): Promise<void> {
    const { storage, clock } = this.#server;
    const key = `${API_SERVICE_KEYS}${metadata.name}`;
    if (this.#stopped || !storage.get(key)) return;
    await storage.update<APIService>(key, (current) => {
      // What was found is about another spec: the check that is waiting tells of it.
      if (!current || !jsonEqual(current.object.spec, spec)) return 'unchanged';
      const next = withAvailable(current.object, found, timestamp(clock.now()));
      return next === current.object ? 'unchanged' : next;
    });
  }
}

function retryAfter(failures: number): number {
  return failures === 0 ? RESYNC : Math.min(RESYNC, FIRST_RETRY * 2 ** (failures - 1));
}

function remoteVersion({ service, documents }: Remote): RemoteVersion {
  const { group = '', version = '', groupPriorityMinimum, versionPriority } = service.spec;
  return {
    group,
    version,
    groupPriority: groupPriorityMinimum,
    versionPriority,
    available: isAvailable(service),
    ...documents,
  };
}
