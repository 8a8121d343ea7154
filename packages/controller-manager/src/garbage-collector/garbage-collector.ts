/**
 * Deletes objects whose owners are gone, and serves the propagation policies
 * (pkg/controller/garbagecollector/garbagecollector.go): background (owner first, dependents follow), foreground
 * (dependents first; finalizer foregroundDeletion) and orphan (dependents are cut loose; finalizer orphan).
 *
 * Invariants: nothing is deleted on the graph's word alone: the object and each of its owners are read from the API first,
 * and the deletion carries the object's uid. Keys of both queues are uids.
 */
import { isConflict, isNotFound, type KubeObject, type OwnerReference } from '@regatta/api';
import { type ApiClient, type ResourceClient, runWorkers, WorkQueue } from '@regatta/client';
import type { Logger } from '@regatta/runtime';
import { sleep } from '@regatta/runtime';
import { discover } from '../discovery/discovery.ts';
import { type Controller, type ControllerContext, clientFor } from '../framework/controller.ts';
import { retryOnConflict } from '../framework/retry-on-conflict.ts';
import { AbsentOwners } from './absent-owners.ts';
import {
  blockingDependents,
  FOREGROUND_FINALIZER,
  type GraphNode,
  type Identity,
  ObjectGraph,
  ORPHAN_FINALIZER,
} from './object-graph.ts';
import { ResourceMonitors } from './resource-monitors.ts';

const WORKERS = 20;
const ABSENT_OWNERS = 500;
/** Between looks for new resources, real milliseconds. */
const RESYNC_MS = 30_000;
const FIRST_RETRY_MS = 200;

/** An owner that is there still, but only until its dependents are gone. */
interface Owners {
  readonly solid: OwnerReference[];
  readonly dangling: OwnerReference[];
  readonly waiting: OwnerReference[];
}

class UnknownKindError extends Error {
  readonly code = 'unknown-kind';
  override readonly name = 'UnknownKindError';
}

export interface GarbageCollectorOptions {
  /** Told of every object that is gone (metadata at least): the collector watches all resources anyway. */
  readonly onDeleted?: (object: KubeObject) => void;
}

export class GarbageCollector implements Controller {
  readonly name = 'garbage-collector-controller';
  readonly #client: ApiClient;
  readonly #logger: Logger;
  readonly #monitors: ResourceMonitors;
  readonly #toDelete: WorkQueue;
  readonly #toOrphan: WorkQueue;
  readonly #absent = new AbsentOwners(ABSENT_OWNERS);
  readonly graph: ObjectGraph;

  constructor(
    readonly context: ControllerContext,
    { onDeleted }: GarbageCollectorOptions = {},
  ) {
    this.#client = clientFor(context, 'generic-garbage-collector');
    this.#logger = context.logger.with({ controller: this.name });
    this.#monitors = new ResourceMonitors(context, this.#client, onDeleted);
    this.#toDelete = new WorkQueue({ clock: context.clusterClock });
    this.#toOrphan = new WorkQueue({ clock: context.clusterClock });
    this.graph = new ObjectGraph(
      {
        attemptToDelete: ({ identity }) => this.#toDelete.add(identity.uid),
        attemptToOrphan: ({ identity }) => this.#toOrphan.add(identity.uid),
        ownerGone: (uid) => this.#absent.add(uid),
      },
      (apiVersion, kind) => this.#monitors.resourceOf(apiVersion, kind)?.namespaced,
    );
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#keepMonitors(signal), this.#work(signal)]);
  }

  async #work(signal: AbortSignal): Promise<void> {
    await Promise.all([
      runWorkers(this.#toDelete, WORKERS, (uid) => this.#attemptToDelete(uid), this.#logger, signal),
      runWorkers(this.#toOrphan, WORKERS, (uid) => this.#orphan(uid), this.#logger, signal),
    ]);
  }

  async #keepMonitors(signal: AbortSignal): Promise<void> {
    let synced = false;
    while (!signal.aborted) {
      try {
        this.#monitors.sync(await discover(this.#client), this.graph, signal);
        synced = true;
      } catch (error) {
        this.#logger.warn('discovery failed; will retry', { error });
      }
      await sleep(this.context.clock, synced ? RESYNC_MS : FIRST_RETRY_MS, signal).catch(() => {});
    }
  }

  async #attemptToDelete(uid: string): Promise<void> {
    const node = this.graph.node(uid);
    if (!node || (node.beingDeleted && !node.deletingDependents)) return;
    const live = await this.#live(node.identity);
    if (live?.metadata.uid !== uid) return this.graph.remove(uid);
    if (node.deletingDependents) return this.#finishForeground(node);
    const references = live.metadata.ownerReferences ?? [];
    if (references.length > 0) await this.#judge(node, live, await this.#classify(node, references));
    // A virtual node whose object is there will be shown by a watch; until it is, look again.
    if (node.virtual) this.#toDelete.addRateLimited(uid);
  }

  async #judge(node: GraphNode, live: KubeObject, { solid, dangling, waiting }: Owners): Promise<void> {
    if (solid.length > 0) {
      const useless = [...dangling, ...waiting];
      if (useless.length > 0)
        await this.#removeOwners(
          node.identity,
          useless.map(({ uid }) => uid),
        );
      return;
    }
    const foreground = waiting.length > 0 && node.dependents.size > 0;
    if (foreground && [...node.dependents].some(({ deletingDependents }) => deletingDependents)) {
      await this.#unblockOwners(node.identity);
    }
    await this.#delete(node.identity, foreground ? 'Foreground' : policyOf(live));
  }

  /** The object waits for its dependents: the last one gone frees it. */
  async #finishForeground(node: GraphNode): Promise<void> {
    const blocking = blockingDependents(node);
    if (blocking.length === 0) return this.#removeFinalizer(node.identity, FOREGROUND_FINALIZER);
    for (const { deletingDependents, identity } of blocking) {
      if (!deletingDependents) this.#toDelete.add(identity.uid);
    }
  }

  async #orphan(uid: string): Promise<void> {
    const node = this.graph.node(uid);
    if (!node) return;
    await Promise.all([...node.dependents].map(({ identity }) => this.#removeOwners(identity, [uid])));
    await this.#removeFinalizer(node.identity, ORPHAN_FINALIZER);
  }

  async #classify(node: GraphNode, references: readonly OwnerReference[]): Promise<Owners> {
    const owners: Owners = { solid: [], dangling: [], waiting: [] };
    for (const reference of references) {
      const owner = await this.#owner(node.identity, reference);
      if (!owner) owners.dangling.push(reference);
      else if (owner.metadata.deletionTimestamp && hasFinalizer(owner, FOREGROUND_FINALIZER))
        owners.waiting.push(reference);
      else owners.solid.push(reference);
    }
    return owners;
  }

  async #owner({ namespace }: Identity, reference: OwnerReference): Promise<KubeObject | undefined> {
    const { apiVersion, kind, name, uid } = reference;
    if (this.#absent.has(uid)) return undefined;
    const owner = await this.#live({ apiVersion, kind, name, namespace, uid });
    if (owner?.metadata.uid === uid) return owner;
    this.#absent.add(uid);
    return undefined;
  }

  async #live(identity: Identity): Promise<KubeObject | undefined> {
    try {
      return await this.#resource(identity).get(identity.name, identity.namespace);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async #delete({ name, namespace, uid, ...identity }: Identity, propagationPolicy: Policy): Promise<void> {
    const client = this.#resource({ name, namespace, uid, ...identity });
    try {
      await client.delete(name, { namespace, preconditions: { uid }, propagationPolicy });
    } catch (error) {
      // A conflict on the uid: the object is gone and a namesake took its place.
      if (!isNotFound(error) && !isConflict(error)) throw error;
      this.graph.remove(uid);
    }
  }

  async #removeOwners(identity: Identity, owners: readonly string[]): Promise<void> {
    await this.#changeOwners(identity, (references) => references.filter(({ uid }) => !owners.includes(uid)));
  }

  async #unblockOwners(identity: Identity): Promise<void> {
    await this.#changeOwners(identity, (references) => references.map((r) => ({ ...r, blockOwnerDeletion: false })));
  }

  /** A merge patch, which custom resources know too; the resourceVersion makes it safe, for it replaces the list. */
  async #changeOwners(identity: Identity, change: (references: OwnerReference[]) => OwnerReference[]): Promise<void> {
    await this.#patchMetadata(identity, ({ metadata }) => {
      const ownerReferences = change(metadata.ownerReferences ?? []);
      return { ownerReferences: ownerReferences.length === 0 ? null : ownerReferences };
    });
  }

  async #removeFinalizer(identity: Identity, finalizer: string): Promise<void> {
    await this.#patchMetadata(identity, ({ metadata }) => {
      const finalizers = metadata.finalizers?.filter((name) => name !== finalizer) ?? [];
      return finalizers.length === metadata.finalizers?.length ? undefined : { finalizers };
    });
  }

  async #patchMetadata(identity: Identity, change: (live: KubeObject) => object | undefined): Promise<void> {
    const { name, namespace, uid } = identity;
    const client = this.#resource(identity);
    try {
      await retryOnConflict(
        () => client.get(name, namespace),
        async (live) => {
          const changed = live.metadata.uid === uid ? change(live) : undefined;
          if (!changed) return;
          const metadata = { ...changed, uid, resourceVersion: live.metadata.resourceVersion };
          await client.patch(name, { namespace, type: 'merge', body: { metadata } });
        },
      );
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** @throws UnknownKindError while nothing serves the kind: the object is looked at again later */
  #resource({ apiVersion, kind }: Identity): ResourceClient<KubeObject> {
    const resource = this.#monitors.resourceOf(apiVersion, kind);
    if (!resource) throw new UnknownKindError(`no resource serves ${apiVersion} ${kind}`);
    return this.#client.resource(resource);
  }
}

type Policy = 'Orphan' | 'Foreground' | 'Background';

/** A finalizer that is on the object already is honoured. */
function policyOf(object: KubeObject): Policy {
  if (hasFinalizer(object, ORPHAN_FINALIZER)) return 'Orphan';
  return hasFinalizer(object, FOREGROUND_FINALIZER) ? 'Foreground' : 'Background';
}

function hasFinalizer({ metadata }: KubeObject, finalizer: string): boolean {
  return metadata.finalizers?.includes(finalizer) ?? false;
}
