/**
 * Puts NoExecute taints on nodes that are not ready, zone by zone, at the rate that the zone rule allows, and tells when
 * that rate changes (node_lifecycle_controller.go, doNoExecuteTaintingPass).
 *
 * Invariants: `unreachable` and `not-ready` never stand on a node together; a node that is ready when its turn comes is
 * left alone; every change of a zone's rate but the first is told of in Events on the nodes it concerns.
 */
import type { Node, ObjectReference } from '@regatta/api';
import { type EventRecorder, formatTime, type Informer, type ResourceClient } from '@regatta/client';
import type { ClusterClock } from '@regatta/runtime';
import { nodeCondition, zoneOf } from '../nodes/node-conditions.ts';
import { hasTaint, NOT_READY, swapTaints, type TaintId, UNREACHABLE } from '../nodes/taints.ts';
import { EvictionQueue } from './eviction-queue.ts';
import type { ZoneChange, ZoneLimits } from './zone-rule.ts';

export const UNREACHABLE_TAINT: TaintId = { key: UNREACHABLE, effect: 'NoExecute' };
export const NOT_READY_TAINT: TaintId = { key: NOT_READY, effect: 'NoExecute' };

/** Nodes that are told of one change of a zone; more would only repeat it. */
const TOLD_NODES = 10;

export interface ZoneEvictorOptions {
  readonly nodes: Informer<Node>;
  readonly client: ResourceClient<Node>;
  readonly recorder: EventRecorder;
  readonly clock: ClusterClock;
  readonly limits: ZoneLimits;
}

export class ZoneEvictor {
  readonly #queues = new Map<string, EvictionQueue>();
  readonly #told = new Map<string, readonly Node[]>();

  constructor(readonly options: ZoneEvictorOptions) {}

  /** What follows from the node's Ready status. */
  async treat(node: Node, ready: string): Promise<void> {
    if (ready === 'True') await this.markReachable(node);
    else if (ready === 'False') await this.#taintOrWait(node, NOT_READY_TAINT, UNREACHABLE_TAINT);
    else await this.#taintOrWait(node, UNREACHABLE_TAINT, NOT_READY_TAINT);
  }

  /** Takes both taints off and the node out of the queue. */
  async markReachable(node: Node): Promise<void> {
    this.#queue(zoneOf(node)).remove(node.metadata.name);
    const remove = [UNREACHABLE_TAINT, NOT_READY_TAINT].filter((taint) => hasTaint(node, taint));
    if (remove.length > 0) await swapTaints(this.options.client, node, { remove }, this.#now);
  }

  /** @param notReady the zone's nodes that are not ready */
  setRate(change: ZoneChange, notReady: readonly Node[]): void {
    const queue = this.#queue(change.zone);
    const before = queue.rate;
    queue.setRate(change.rate);
    if (before !== change.rate) this.#tell(change, before, notReady);
  }

  forget(node: Node): void {
    this.#queue(zoneOf(node)).remove(node.metadata.name);
  }

  stop(): void {
    for (const queue of this.#queues.values()) queue.stop();
  }

  get #now(): string {
    return formatTime(this.options.clock.now());
  }

  /** A node that has one taint gets the other at once: it only changed its reason. */
  async #taintOrWait(node: Node, wanted: TaintId, opposite: TaintId): Promise<void> {
    if (hasTaint(node, opposite)) {
      await swapTaints(this.options.client, node, { add: [wanted], remove: [opposite] }, this.#now);
    } else if (!hasTaint(node, wanted)) {
      this.#queue(zoneOf(node)).add(node.metadata.name);
    }
  }

  #queue(zone: string): EvictionQueue {
    const known = this.#queues.get(zone);
    if (known) return known;
    const { clock, limits } = this.options;
    const queue = new EvictionQueue(clock, limits.rate, (name) => this.#taint(name));
    this.#queues.set(zone, queue);
    return queue;
  }

  async #taint(name: string): Promise<boolean> {
    const node = this.options.nodes.get('', name);
    if (!node) return true;
    const status = nodeCondition(node, 'Ready')?.status;
    if (status === undefined) return false;
    if (status === 'True') return true;
    const [add, remove] =
      status === 'False' ? [NOT_READY_TAINT, UNREACHABLE_TAINT] : [UNREACHABLE_TAINT, NOT_READY_TAINT];
    await swapTaints(this.options.client, node, { add: [add], remove: [remove] }, this.#now);
    return true;
  }

  /**
   * Upstream only logs this; who runs experiments must see why nothing is evicted (docs/decisions/0073). What a zone
   * begins with is no news: in a cluster that starts no node is ready yet.
   */
  #tell(change: ZoneChange, before: number, notReady: readonly Node[]): void {
    const { zone, rate } = change;
    const slower = rate < before;
    if (slower && change.before === 'Initial') return;
    const nodes = slower ? notReady.slice(0, TOLD_NODES) : (this.#told.get(zone) ?? []);
    if (slower) this.#told.set(zone, nodes);
    else this.#told.delete(zone);
    const reason = !slower ? 'EvictionResumed' : rate === 0 ? 'EvictionStopped' : 'EvictionSlowed';
    const type = slower ? 'Warning' : 'Normal';
    for (const node of nodes) this.options.recorder.event(nodeReference(node), type, reason, describe(change));
  }
}

function describe({ zone, rate, count: { ready, notReady }, state }: ZoneChange): string {
  const where = zone === '' ? '' : ` in zone ${zone.split('\u0000').join('')}`;
  const share = `${notReady} of ${ready + notReady} nodes${where} are not ready`;
  if (rate === 0) return `Eviction of Pods is stopped: ${share}`;
  if (state === 'PartialDisruption') return `Eviction of Pods is slowed to ${rate} nodes per second: ${share}`;
  return `Eviction of Pods goes on at ${rate} nodes per second: ${share}`;
}

/** Events about a node carry its uid, as the node controller's do. */
export function nodeReference({ metadata }: Node): ObjectReference {
  return { apiVersion: 'v1', kind: 'Node', name: metadata.name, uid: metadata.uid };
}
