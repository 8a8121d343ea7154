/**
 * Registers the node and keeps its status true (upstream: pkg/kubelet/kubelet_node_status.go): looks every 10 s of
 * cluster time and at every change of the API's Node, writes when something differs or five minutes have gone.
 *
 * Invariants: a write carries the resourceVersion it was computed from; what somebody else wrote (conditions Unknown set
 * by the node controller while this node was away) is seen and corrected though nothing changed here.
 */
import {
  isAlreadyExists,
  isConflict,
  isNotFound,
  type Node,
  type ObjectReference,
  StatusError,
  type Taint,
} from '@regatta/api';
import { Backoff, type ClusterClock, type Logger, sleep, type Timer } from '@regatta/runtime';
import type { EventSink, ObjectApi } from '../api/ports.ts';
import { parseTime } from '../api/timestamps.ts';
import { conditionEvents } from './node-conditions.ts';
import { initialNode, type NodeFacts, nodeStatus, nodeStatusChanged } from './node-status.ts';

const LOOK_MS = 10_000;
const REPORT_MS = 300_000;
/** Real milliseconds between attempts to reach the API. */
const RETRY = { base: 100, max: 7_000 };

export interface NodeReporterOptions {
  readonly nodes: ObjectApi<Node>;
  readonly clock: ClusterClock;
  readonly logger: Logger;
  readonly events: EventSink;
  readonly signal: AbortSignal;
  readonly taints: readonly Taint[];
  facts(): NodeFacts;
  /** A Node of this name was there already: what it says of the network is known before the first report. */
  onFound(node: Node): void;
}

export class NodeReporter {
  #node: Node | undefined;
  #timer: Timer | undefined;
  #busy = false;
  #wanted = false;
  #reportedAt: number | undefined;
  readonly #backoff = new Backoff(RETRY);

  constructor(private readonly options: NodeReporterOptions) {}

  /** The Node as the API is known to have it. */
  get node(): Node | undefined {
    return this.#node;
  }

  /** Creates the Node, or takes over the one that is there. Resolves when the API has this node's status. */
  async register(): Promise<void> {
    const { signal, clock, logger } = this.options;
    let refusal: string | undefined;
    while (!signal.aborted) {
      try {
        await this.#tryRegister();
        this.#backoff.reset('register');
        return;
      } catch (error) {
        // An API that is not there yet is nothing new at a start; one that refuses is worth a word, once.
        const isNews = error instanceof StatusError && error.message !== refusal;
        if (isNews) refusal = error.message;
        logger[isNews ? 'warn' : 'debug']('the node is not registered yet', { error });
        await sleep(clock.real, this.#backoff.next('register'), signal).catch(() => {});
      }
    }
  }

  /** The API has this state of the Node. */
  observe(node: Node): void {
    if (
      this.#node === undefined ||
      Number(node.metadata.resourceVersion) >= Number(this.#node.metadata.resourceVersion)
    ) {
      this.#node = node;
    }
    this.wake();
  }

  /** The API has no such Node any more: it is registered again. */
  removed(): void {
    this.#node = undefined;
    this.wake();
  }

  wake(): void {
    this.#wanted = true;
    if (!this.#busy) void this.#run();
  }

  close(): void {
    this.#timer?.cancel();
  }

  async #tryRegister(): Promise<void> {
    const fresh = initialNode(this.options.facts(), this.options.taints);
    try {
      this.#node = await this.options.nodes.create(fresh);
      this.#reported(undefined, this.#node);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      this.#node = await this.#takeOver(fresh);
    }
    this.wake();
  }

  /** A Node of this name is there: the labels that every node has are put right (updateDefaultLabels). */
  async #takeOver(fresh: Node): Promise<Node> {
    const found = await this.options.nodes.get(fresh.metadata.name);
    this.options.onFound(found);
    const labels = { ...found.metadata.labels, ...fresh.metadata.labels };
    const isSame = Object.entries(labels).every(([key, value]) => found.metadata.labels?.[key] === value);
    if (isSame) return found;
    return this.options.nodes.update({ ...found, metadata: { ...found.metadata, labels } });
  }

  async #run(): Promise<void> {
    this.#busy = true;
    while (this.#wanted && !this.options.signal.aborted) {
      this.#wanted = false;
      try {
        await this.#step();
        this.#backoff.reset('status');
      } catch (error) {
        await this.#recover(error);
      }
    }
    this.#busy = false;
    this.#timer?.cancel();
    if (!this.options.signal.aborted) this.#timer = this.options.clock.setTimer(LOOK_MS, () => this.wake());
  }

  async #step(): Promise<void> {
    const node = this.#node;
    if (node === undefined) return this.register();
    const status = nodeStatus(this.options.facts(), node.status);
    if (!nodeStatusChanged(node.status, status) && !this.#isDue(node)) return;
    const written = await this.options.nodes.updateStatus({ ...node, status });
    this.#node = written;
    this.#reported(node, written);
  }

  #isDue(node: Node): boolean {
    const heartbeat = node.status?.conditions?.find(({ type }) => type === 'Ready')?.lastHeartbeatTime;
    const at = this.#reportedAt ?? parseTime(heartbeat);
    return at === undefined || this.options.clock.elapsed(at) >= REPORT_MS;
  }

  #reported(before: Node | undefined, after: Node): void {
    this.#reportedAt = this.options.clock.now();
    const { name } = after.metadata;
    const bootBefore = before?.status?.nodeInfo?.bootID;
    const boot = after.status?.nodeInfo?.bootID;
    if (bootBefore !== undefined && bootBefore !== boot) {
      this.event('Warning', 'Rebooted', `Node ${name} has been rebooted, boot id: ${boot}`);
    }
    for (const reason of conditionEvents(before?.status?.conditions ?? [], after.status?.conditions ?? [])) {
      this.event('Normal', reason, `Node ${name} status is now: ${reason}`);
    }
  }

  event(type: 'Normal' | 'Warning', reason: string, message: string): void {
    const { name } = this.options.facts().machine;
    // Upstream's kubelet refers to its node with the name as uid.
    const regarding: ObjectReference = { apiVersion: 'v1', kind: 'Node', name, uid: name };
    this.options.events.event(regarding, type, reason, message);
  }

  async #recover(error: unknown): Promise<void> {
    const { nodes, clock, logger, signal } = this.options;
    this.#wanted = true;
    try {
      if (isConflict(error)) {
        this.#node = await nodes.get(this.options.facts().machine.name);
        return;
      }
    } catch (second) {
      error = second;
    }
    if (isNotFound(error)) {
      this.#node = undefined;
      return;
    }
    logger.debug('the node status was not written', { error });
    await sleep(clock.real, this.#backoff.next('status'), signal).catch(() => {});
  }
}
