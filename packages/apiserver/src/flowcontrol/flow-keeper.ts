/**
 * Keeps the objects of flow control and what the server does in step: the bootstrap objects are there and right, flow
 * control follows all objects, and each FlowSchema says whether its level exists (upstream:
 * pkg/registry/flowcontrol/{rest,ensurer}, staging/src/k8s.io/apiserver/pkg/util/flowcontrol/apf_controller.go).
 *
 * Owns: one timer, which lends seats every ten seconds and looks after the bootstrap objects every minute (real time).
 */
import {
  type FlowSchema,
  jsonEqual,
  type KubeObject,
  type PriorityLevelConfiguration,
  type ResourceRef,
} from '@regatta/api';
import type { Timer } from '@regatta/runtime';
import { followObjects } from '../auth/follow-objects.ts';
import { FLOW_SCHEMA_OBJECTS, PRIORITY_LEVEL_OBJECTS } from '../auth/resource-refs.ts';
import { createObject } from '../registry/create-object.ts';
import { deleteObject } from '../registry/delete-object.ts';
import type { DeleteOptions } from '../registry/delete-options.ts';
import type { Resource } from '../registry/resource.ts';
import type { ResourceRegistry } from '../registry/resource-registry.ts';
import { updateObject } from '../registry/update-object.ts';
import { type Registry, timestamp, type WriteRequest } from '../registry/write-request.ts';
import { AUTO_UPDATE, FLOW_SCHEMAS, PRIORITY_LEVELS } from './bootstrap-objects.ts';
import type { FlowControl } from './flow-control.ts';

const GROUP = 'flowcontrol.apiserver.k8s.io';
const PRODUCER = 'api-priority-and-fairness-config-producer-v1';
const CONSUMER = 'api-priority-and-fairness-config-consumer-v1';
const SYSTEM_USER = { name: 'system:apiserver', groups: ['system:masters'] };
/** Milliseconds of real time (upstream: borrowingAdjustmentPeriod). */
const LEND_INTERVAL = 10_000;
/** In so many of them the bootstrap objects are looked after once. */
const LENDINGS_PER_CHECK = 6;

const PLAIN_DELETE: DeleteOptions = {
  dryRun: false,
  gracePeriodSeconds: undefined,
  propagationPolicy: undefined,
  orphanDependents: undefined,
  uid: undefined,
  resourceVersion: undefined,
};

type Kept = KubeObject & { spec?: unknown; status?: unknown };
type Condition = NonNullable<NonNullable<FlowSchema['status']>['conditions']>[number];

export class FlowKeeper {
  readonly #levels = new Map<string, PriorityLevelConfiguration>();
  readonly #schemas = new Map<string, FlowSchema>();
  readonly #closers: (() => void)[] = [];
  #timer: Timer | undefined;
  #working: Promise<void> | undefined;
  #changed = false;
  #stopped = false;
  #lendings = 0;

  constructor(
    readonly flow: FlowControl,
    readonly registry: Registry,
    readonly resources: ResourceRegistry,
    readonly clock: { setTimer(delay: number, callback: () => void): Timer },
  ) {}

  /** Resolves when the bootstrap objects are durable and flow control goes by them. */
  async start(): Promise<void> {
    await this.#maintain();
    const { storage } = this.registry.server;
    this.#closers.push(
      followObjects(storage, PRIORITY_LEVEL_OBJECTS, this.#follower(this.#levels)),
      followObjects(storage, FLOW_SCHEMA_OBJECTS, this.#follower(this.#schemas)),
    );
    this.#follow();
    await this.#working;
    this.#arm();
  }

  /** Waits for what is being written. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    for (const close of this.#closers.splice(0)) close();
    await this.#working;
  }

  #follower<T extends Kept>(objects: Map<string, T>): { set(object: T): void; remove(object: T): void } {
    return {
      set: (object) => {
        objects.set(object.metadata.name, object);
        this.#follow();
      },
      remove: ({ metadata }) => {
        objects.delete(metadata.name);
        this.#follow();
      },
    };
  }

  /** Once for all that changed in one turn. */
  #follow(): void {
    this.#changed = true;
    this.#working ??= this.#work();
  }

  async #work(): Promise<void> {
    await undefined;
    while (this.#changed && !this.#stopped) {
      this.#changed = false;
      this.flow.configure([...this.#levels.values()], [...this.#schemas.values()]);
      await Promise.all([...this.#schemas.values()].map((schema) => this.#sayWhetherItDangles(schema)));
    }
    this.#working = undefined;
  }

  #arm(): void {
    this.#timer = this.clock.setTimer(LEND_INTERVAL, () => {
      this.flow.lend();
      // Levels that lingered may be empty by now.
      if ([...this.flow.configuration.levels.values()].some((level) => level.quiescing && level.isIdle)) this.#follow();
      if (++this.#lendings % LENDINGS_PER_CHECK === 0) void this.#maintain().catch((error) => this.#failed(error));
      this.#arm();
    });
  }

  #failed(error: unknown): void {
    this.registry.server.logger.warn('flow control objects were not brought up to date', { error });
  }

  async #maintain(): Promise<void> {
    await this.#maintainAll(PRIORITY_LEVEL_OBJECTS, PRIORITY_LEVELS);
    await this.#maintainAll(FLOW_SCHEMA_OBJECTS, FLOW_SCHEMAS);
  }

  async #maintainAll<T extends Kept>(
    ref: ResourceRef<T>,
    { mandatory, suggested }: { readonly mandatory: readonly T[]; readonly suggested: readonly T[] },
  ): Promise<void> {
    const resource = this.resources.get(GROUP, 'v1', ref.resource);
    if (!resource) return;
    const known = new Set([...mandatory, ...suggested].map(({ metadata }) => metadata.name));
    const list = this.registry.server.storage.list(`/registry/${GROUP}/${ref.resource}/`, {});
    const stale = (await list).items.filter(
      ({ object: { metadata } }) => !known.has(metadata.name) && metadata.annotations?.[AUTO_UPDATE] === 'true',
    );
    await Promise.all([
      ...mandatory.map((object) => this.#ensure(resource, ref, object, () => true)),
      ...suggested.map((object) => this.#ensure(resource, ref, object, isKeptByUs)),
      ...stale.map(({ object }) => this.#remove(resource, object.metadata.name)),
    ]);
  }

  /** Creates what is missing; puts right what is ours to keep. */
  async #ensure<T extends Kept>(
    resource: Resource,
    ref: ResourceRef<T>,
    bootstrap: T,
    isOurs: (current: T) => boolean,
  ): Promise<void> {
    const wanted = structuredClone(bootstrap);
    resource.applyDefaults(wanted);
    const current = this.registry.server.get(ref, '', wanted.metadata.name);
    try {
      if (!current) {
        await createObject(this.registry, this.#request(resource, '', PRODUCER), wanted);
        return;
      }
      const next = kept(current, wanted, isOurs(current));
      if (next) await this.#write(resource, next, PRODUCER, '');
    } catch (error) {
      // Another server was faster; whatever it is, the next look comes in a minute.
      this.registry.server.logger.debug('a bootstrap object was not written', { name: wanted.metadata.name, error });
    }
  }

  async #remove(resource: Resource, name: string): Promise<void> {
    await deleteObject(this.registry, this.#request(resource, name, PRODUCER), PLAIN_DELETE);
  }

  async #sayWhetherItDangles(schema: FlowSchema): Promise<void> {
    const level = schema.spec.priorityLevelConfiguration.name;
    const found = this.#levels.has(level);
    const conditions = schema.status?.conditions ?? [];
    const said = conditions.find(({ type }) => type === 'Dangling');
    const condition: Condition = {
      type: 'Dangling',
      status: found ? 'False' : 'True',
      reason: found ? 'Found' : 'NotFound',
      message: `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(level)} ${found ? 'and it exists' : 'but there is no such object'}`,
    };
    if (said?.status === condition.status && said?.reason === condition.reason && said?.message === condition.message)
      return;
    const resource = this.resources.get(GROUP, 'v1', FLOW_SCHEMA_OBJECTS.resource);
    if (!resource || this.#stopped) return;
    condition.lastTransitionTime = timestamp(this.registry.server.clock.now());
    const status = { ...schema.status, conditions: [...conditions.filter((one) => one !== said), condition] };
    try {
      await this.#write(resource, { ...schema, status }, CONSUMER, 'status');
    } catch (error) {
      // Whoever wrote in between, or deleted it, has this schema looked at again.
      this.registry.server.logger.debug('the status of a FlowSchema was not written', {
        name: schema.metadata.name,
        error,
      });
    }
  }

  async #write(resource: Resource, object: Kept, manager: string, subresource: string): Promise<void> {
    await updateObject(this.registry, this.#request(resource, object.metadata.name, manager, subresource), {
      part: subresource === 'status' ? 'status' : 'main',
      mayCreate: false,
      next: () => structuredClone(object),
    });
  }

  #request(resource: Resource, name: string, fieldManager: string, subresource = ''): WriteRequest {
    return {
      resource,
      namespace: '',
      name,
      subresource,
      user: SYSTEM_USER,
      userAgent: 'kube-apiserver',
      dryRun: false,
      fieldManager,
      warn: () => {},
    };
  }
}

/** The annotation says so; without one, whoever never changed the spec left it to us. */
function isKeptByUs({ metadata }: Kept): boolean {
  const said = metadata.annotations?.[AUTO_UPDATE];
  return said === undefined ? metadata.generation === 1 : said === 'true';
}

/** The object as it must be; undefined when it is. */
function kept<T extends Kept>(current: T, wanted: T, ours: boolean): T | undefined {
  const spec = ours ? wanted.spec : current.spec;
  const annotations = { ...current.metadata.annotations, [AUTO_UPDATE]: String(ours) };
  const isRight = current.metadata.annotations?.[AUTO_UPDATE] === String(ours) && jsonEqual(current.spec, spec);
  return isRight ? undefined : { ...current, spec, metadata: { ...current.metadata, annotations } };
}
