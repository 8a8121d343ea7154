/**
 * What was last heard of each node, and when it was noticed *here* (node_lifecycle_controller.go, nodeHealthData).
 *
 * Invariants: instants are this process's own, never a remote timestamp: a node whose clock is wrong is not dead. Time
 * during which this process could not have heard anything (it just started, was stalled or suspended, or had no API)
 * does not count against a node: `giveFreshGrace` starts every node's period anew, `grant` adds a part to it.
 */
import type { Lease, Node, NodeCondition } from '@regatta/api';
import type { ClusterClock } from '@regatta/runtime';
import { parseTime } from '../framework/timestamps.ts';
import { nodeCondition } from '../nodes/node-conditions.ts';

interface Health {
  /** When something new was last noticed, epoch ms. */
  heardAt: number;
  ready: NodeCondition | undefined;
  renewTime: string | undefined;
}

export class NodeHealth {
  readonly #nodes = new Map<string, Health>();
  readonly #startedAt: number;

  constructor(readonly clock: ClusterClock) {
    this.#startedAt = clock.now();
  }

  /** True for a node that was never looked at before. */
  isNew(name: string): boolean {
    return !this.#nodes.has(name);
  }

  /** Notes what is new in the node's status and lease. @returns cluster ms since something new was last noticed */
  observe(node: Node, lease: Lease | undefined): number {
    const { name } = node.metadata;
    const ready = nodeCondition(node, 'Ready');
    const renewTime = lease?.spec.renewTime;
    const known = this.#nodes.get(name);
    const health = known ?? { heardAt: this.#firstInstant(node, ready), ready, renewTime };
    if (known && (isHeartbeat(known.ready, ready) || renewTime !== known.renewTime)) health.heardAt = this.clock.now();
    health.ready = ready;
    health.renewTime = renewTime;
    this.#nodes.set(name, health);
    return this.clock.elapsed(health.heardAt);
  }

  /** Real milliseconds since something new was last noticed. */
  realSilence(name: string): number {
    const health = this.#nodes.get(name);
    return health ? this.clock.now() - health.heardAt : 0;
  }

  /** Remembers a status that this controller wrote itself: it is no sign of life. */
  wrote(node: Node): void {
    const health = this.#nodes.get(node.metadata.name);
    if (health) health.ready = nodeCondition(node, 'Ready');
  }

  /** A sign of life that neither cache has shown yet. */
  heard(name: string): void {
    const health = this.#nodes.get(name);
    if (health) health.heardAt = this.clock.now();
  }

  forget(name: string): void {
    this.#nodes.delete(name);
  }

  giveFreshGrace(): void {
    for (const health of this.#nodes.values()) health.heardAt = this.clock.now();
  }

  /** Adds `real` milliseconds to every node's period. */
  grant(real: number): void {
    const now = this.clock.now();
    for (const health of this.#nodes.values()) health.heardAt = Math.min(now, health.heardAt + real);
  }

  /** A node that never reported counts from its creation; all others, and those made while we were away, from now. */
  #firstInstant(node: Node, ready: NodeCondition | undefined): number {
    return ready ? this.clock.now() : Math.max(this.#startedAt, parseTime(node.metadata.creationTimestamp));
  }
}

function isHeartbeat(before: NodeCondition | undefined, after: NodeCondition | undefined): boolean {
  if (!before || !after) return before !== after;
  return before.lastHeartbeatTime !== after.lastHeartbeatTime;
}
