/**
 * Gives every node a block of the cluster's Pod addresses (pkg/controller/nodeipam/ipam/range_allocator.go). Keys are
 * nodes.
 *
 * Invariants: blocks of nodes that have one are noted before any is given out; a node's block is free again once the node
 * is gone; nodes that found none free wait for one.
 */
import { isNotFound, type Node } from '@regatta/api';
import { type EventRecorder, type Informer, type ResourceClient, resources } from '@regatta/client';
import { type ControllerContext, clientFor, recorderFor } from '../framework/controller.ts';
import { KeyedController } from '../framework/keyed-controller.ts';
import { nodeReference } from '../node-lifecycle/zone-evictor.ts';
import { CidrSet } from './cidr-set.ts';

const NODE_BITS = 24;

export class NodeIpamController extends KeyedController {
  readonly #nodes: Informer<Node>;
  readonly #client: ResourceClient<Node>;
  readonly #recorder: EventRecorder;
  readonly #cidrs: CidrSet;
  /** Blocks by node: those given out and those found. */
  readonly #held = new Map<string, string>();
  readonly #waiting = new Set<string>();

  /** @throws RangeError when `clusterCidr` is malformed or smaller than one node's block */
  constructor(context: ControllerContext, clusterCidr: string) {
    super({ name: 'node-ipam-controller', context, concurrency: 8 });
    this.#cidrs = new CidrSet(clusterCidr, NODE_BITS);
    const api = clientFor(context, 'node-controller');
    this.#client = api.resource(resources.nodes);
    this.#recorder = recorderFor(context, api, 'cidrAllocator');
    this.#nodes = this.reads(context.informers.for(resources.nodes));
    this.#nodes.addHandler({
      onAdd: (node) => this.#changed(node),
      onUpdate: (node) => this.#changed(node),
      onDelete: (node) => this.#release(node),
    });
  }

  protected async reconcile(name: string): Promise<void> {
    const node = this.#nodes.get('', name);
    if (!node || node.spec.podCIDR) return;
    const cidr = this.#held.get(name) ?? this.#cidrs.allocate();
    if (cidr === undefined) return this.#tellNone(node);
    this.#held.set(name, cidr);
    this.#waiting.delete(name);
    try {
      const { uid } = node.metadata;
      const body = { metadata: { uid }, spec: { podCIDR: cidr, podCIDRs: [cidr] } };
      await this.#client.patch(name, { type: 'merge', body });
    } catch (error) {
      // The node is gone: its block was, or will be, released by the informer's word.
      if (!isNotFound(error)) throw error;
    }
  }

  #changed(node: Node): void {
    const { name } = node.metadata;
    const { podCIDR } = node.spec;
    if (podCIDR === undefined) return this.queue.add(name);
    if (this.#held.get(name) === podCIDR) return;
    this.#giveBack(name);
    try {
      this.#cidrs.occupy(podCIDR);
      this.#held.set(name, podCIDR);
    } catch (error) {
      this.logger.warn('node has a CIDR of another range', { node: name, cidr: podCIDR, error });
    }
  }

  #release({ metadata: { name } }: Node): void {
    this.#waiting.delete(name);
    this.#giveBack(name);
    for (const waiting of this.#waiting) this.queue.add(waiting);
  }

  #giveBack(name: string): void {
    const cidr = this.#held.get(name);
    if (cidr === undefined) return;
    this.#held.delete(name);
    this.#cidrs.release(cidr);
  }

  /** Once a node: its heartbeats would repeat it for ever. */
  #tellNone(node: Node): void {
    const { name } = node.metadata;
    if (this.#waiting.has(name)) return;
    this.#waiting.add(name);
    const message = `Node ${name} status is now: CIDRNotAvailable`;
    this.#recorder.event(nodeReference(node), 'Normal', 'CIDRNotAvailable', message);
  }
}
