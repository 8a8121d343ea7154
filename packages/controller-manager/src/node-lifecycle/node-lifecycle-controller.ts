/**
 * Watches over the nodes (pkg/controller/nodelifecycle/node_lifecycle_controller.go): one that nobody hears from goes
 * Unknown and its Pods with it, taints follow, and the zone rule decides how fast Pods are evicted.
 *
 * Invariants: a pass over the nodes costs O(nodes) and comes every PASS_MS of cluster time; handlers of Pods are O(1). A
 * node is only declared lost after this process was able to hear from it for a whole grace period (node-health.ts), and
 * after its Lease was read from the API itself: the cache may lag behind.
 */
import { keyOf, type Lease, type Node, type Pod } from '@regatta/api';
import {
  type ApiClient,
  type EventRecorder,
  formatTime,
  type Informer,
  isUnanswered,
  resources,
  runWorkers,
  WorkQueue,
} from '@regatta/client';
import type { Logger } from '@regatta/runtime';
import { type Controller, type ControllerContext, clientFor, recorderFor } from '../framework/controller.ts';
import { forEachLimited } from '../framework/limited-concurrency.ts';
import { periodically } from '../framework/periodically.ts';
import { retryOnConflict } from '../framework/retry-on-conflict.ts';
import { BY_NODE } from '../framework/shared-informers.ts';
import { isNodeReady, nodeCondition, zoneOf } from '../nodes/node-conditions.ts';
import { swapTaints } from '../nodes/taints.ts';
import { betaLabelChange, conditionTaintChange } from './condition-taints.ts';
import { withLostConditions } from './lost-conditions.ts';
import { NodeHealth } from './node-health.ts';
import { type NodeLoss, PodMarker } from './pod-marker.ts';
import { detectStalls } from './stall-detector.ts';
import { nodeReference, ZoneEvictor } from './zone-evictor.ts';
import { DEFAULT_LIMITS, type ZoneCount, type ZoneLimits, ZoneRule } from './zone-rule.ts';

/** Cluster milliseconds, upstream's defaults. */
const PASS_MS = 5000;
export const GRACE_MS = 50_000;
const STARTUP_GRACE_MS = 60_000;
/** Real milliseconds between passes at least, at any speed. */
const LEAST_PASS_MS = 200;
/** Real milliseconds of silence before a node is lost at least, at any speed: messages take their time. */
const LEAST_GRACE_MS = 1000;
/** An API that takes longer than this to answer may not have taken heartbeats either; real milliseconds. */
const SLOW_API_MS = 1000;
const CONCURRENCY = 8;
const EXCLUDED = 'node.kubernetes.io/exclude-disruption';
const LEASES = 'kube-node-lease';

export interface NodeLifecycleOptions {
  readonly nodeLoss: NodeLoss;
  readonly limits?: ZoneLimits;
}

export function byNode({ spec }: Pod): readonly string[] {
  return spec.nodeName ? [spec.nodeName] : [];
}

export class NodeLifecycleController implements Controller {
  readonly name = 'node-lifecycle-controller';
  readonly #context: ControllerContext;
  readonly #logger: Logger;
  readonly #nodes: Informer<Node>;
  readonly #leases: Informer<Lease>;
  readonly #pods: Informer<Pod>;
  readonly #api: ApiClient;
  readonly #recorder: EventRecorder;
  readonly #health: NodeHealth;
  readonly #marker: PodMarker;
  readonly #evictor: ZoneEvictor;
  readonly #zones: ZoneRule;
  readonly #nodeQueue: WorkQueue;
  readonly #podQueue: WorkQueue;
  readonly #known = new Map<string, Node>();
  /** Nodes whose Pods could not all be marked. */
  readonly #toRetry = new Set<string>();
  #apiLost = false;

  constructor(context: ControllerContext, { nodeLoss, limits = DEFAULT_LIMITS }: NodeLifecycleOptions) {
    const { clusterClock: clock, informers } = context;
    this.#context = context;
    this.#logger = context.logger.with({ controller: this.name });
    this.#api = clientFor(context, 'node-controller');
    this.#recorder = recorderFor(context, this.#api, 'node-controller');
    this.#nodes = informers.for(resources.nodes);
    this.#leases = informers.for(resources.leases);
    this.#pods = informers.for(resources.pods);
    informers.index(resources.pods, BY_NODE, byNode);
    this.#health = new NodeHealth(clock);
    const shared = { recorder: this.#recorder, clock };
    this.#marker = new PodMarker({ ...shared, client: this.#api.resource(resources.pods), nodeLoss });
    this.#zones = new ZoneRule(limits);
    const client = this.#api.resource(resources.nodes);
    this.#evictor = new ZoneEvictor({ ...shared, nodes: this.#nodes, client, limits });
    this.#nodeQueue = new WorkQueue({ clock });
    this.#podQueue = new WorkQueue({ clock });
    const enqueue = ({ metadata }: Node): void => this.#nodeQueue.add(metadata.name);
    this.#nodes.addHandler({ onAdd: enqueue, onUpdate: enqueue });
    this.#pods.addHandler({ onAdd: (pod) => this.#podBound(pod), onUpdate: (pod, old) => this.#podBound(pod, old) });
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#nodes, this.#leases, this.#pods].map((informer) => informer.whenSynced(signal)));
    const { clusterClock, clock } = this.#context;
    const options = { logger: this.#logger, signal, leastReal: LEAST_PASS_MS };
    await Promise.all([
      periodically(clusterClock, PASS_MS, () => this.#pass(), options),
      runWorkers(this.#nodeQueue, CONCURRENCY, (name) => this.#syncNode(name), this.#logger, signal),
      runWorkers(this.#podQueue, CONCURRENCY, (key) => this.#syncPod(key), this.#logger, signal),
      detectStalls(clock, (ms) => this.#stalled(ms), signal),
    ]);
    this.#evictor.stop();
  }

  /** A short stall is added to every node's period; one that took a good part of it starts the periods anew. */
  #stalled(ms: number): void {
    const { speed } = this.#context.clusterClock;
    if (ms * speed < GRACE_MS / 2) return this.#health.grant(ms);
    this.#logger.warn('this process did not run for a while: nodes get a new grace period', { ms });
    this.#health.giveFreshGrace();
  }

  async #pass(): Promise<void> {
    if (!(await this.#hasApi())) return;
    const nodes = this.#nodes.list();
    await this.#noteComingAndGoing(nodes);
    const ready = new Map<string, boolean>();
    const failures = await forEachLimited(nodes, CONCURRENCY, async (node) => {
      ready.set(node.metadata.name, await this.#check(node));
    });
    for (const error of failures) this.#logger.warn('node could not be checked; will try again', { error });
    await this.#applyZoneRule(nodes, ready);
  }

  /** Without an API nothing can be heard or written; once it is back everybody gets time to be heard again. */
  async #hasApi(): Promise<boolean> {
    const asked = this.#context.clock.monotonic();
    try {
      await this.#api.request({ method: 'GET', url: '/version' });
    } catch (error) {
      if (isUnanswered(error)) {
        if (!this.#apiLost) this.#logger.warn('the API does not answer: no node is judged', { error });
        this.#apiLost = true;
        return false;
      }
    }
    const took = this.#context.clock.monotonic() - asked;
    if (this.#apiLost) this.#health.giveFreshGrace();
    else if (took > SLOW_API_MS) this.#stalled(took);
    this.#apiLost = false;
    return true;
  }

  async #noteComingAndGoing(nodes: readonly Node[]): Promise<void> {
    for (const node of nodes) {
      const { name, uid } = node.metadata;
      const known = this.#known.get(name);
      if (known?.metadata.uid === uid) continue;
      if (known) this.#health.forget(name);
      this.#known.set(name, node);
      this.#tellNode(node, 'RegisteredNode', `Node ${name} event: Registered Node ${name} in Controller`);
      await this.#evictor.markReachable(node);
    }
    if (this.#known.size === nodes.length) return;
    const present = new Set(nodes.map(({ metadata }) => metadata.name));
    for (const [name, node] of this.#known) {
      if (present.has(name)) continue;
      this.#tellNode(node, 'RemovingNode', `Node ${name} event: Removing Node ${name} from Controller`);
      this.#known.delete(name);
      this.#health.forget(name);
      this.#toRetry.delete(name);
      this.#evictor.forget(node);
    }
  }

  /** One node in one pass. @returns whether it is ready, after this pass has had its say */
  async #check(node: Node): Promise<boolean> {
    const { name } = node.metadata;
    const isNew = this.#health.isNew(name);
    const observed = nodeCondition(node, 'Ready')?.status ?? 'Unknown';
    const current = (await this.#isLost(node)) ? await this.#markLost(node) : node;
    await this.#evictor.treat(current, observed);
    const after = nodeCondition(current, 'Ready')?.status;
    if (after !== undefined && after !== 'True' && (observed !== after || isNew || this.#toRetry.has(name))) {
      if (observed === 'True') this.#tellNode(node, 'NodeNotReady', `Node ${name} status is now: NodeNotReady`);
      await this.#markPods(current);
    }
    return after === 'True';
  }

  async #isLost(node: Node): Promise<boolean> {
    const { name } = node.metadata;
    const lease = this.#leases.get(LEASES, name);
    const silence = this.#health.observe(node, lease);
    const grace = nodeCondition(node, 'Ready') ? GRACE_MS : STARTUP_GRACE_MS;
    if (silence <= grace || this.#health.realSilence(name) < LEAST_GRACE_MS) return false;
    if ((await this.#liveRenewTime(name)) === lease?.spec.renewTime) return true;
    this.#health.heard(name);
    return false;
  }

  /** By a list as the process's own user: the node controller's role has no access to Leases. */
  async #liveRenewTime(name: string): Promise<string | undefined> {
    const leases = this.#context.client.resource(resources.leases);
    const { items } = await leases.list({ namespace: LEASES, fieldSelector: `metadata.name=${name}` });
    return items[0]?.spec.renewTime;
  }

  /** Writes the conditions; a node that has reported in between is left as it says. */
  async #markLost(node: Node): Promise<Node> {
    const client = this.#api.resource(resources.nodes);
    const heartbeat = nodeCondition(node, 'Ready')?.lastHeartbeatTime;
    const written = await retryOnConflict(
      () => client.get(node.metadata.name),
      async (current) => {
        if (nodeCondition(current, 'Ready')?.lastHeartbeatTime !== heartbeat) return current;
        const lost = withLostConditions(current, formatTime(this.#context.clock.now()));
        return lost ? client.updateStatus(lost) : current;
      },
      node,
    );
    this.#health.wrote(written);
    return written;
  }

  async #markPods(node: Node): Promise<void> {
    const { name } = node.metadata;
    this.#toRetry.add(name);
    await this.#marker.markNotReady(node, this.#pods.byIndex(BY_NODE, name));
    this.#toRetry.delete(name);
  }

  async #applyZoneRule(nodes: readonly Node[], ready: ReadonlyMap<string, boolean>): Promise<void> {
    const counted = nodes.filter(
      ({ metadata }) => ready.has(metadata.name) && metadata.labels?.[EXCLUDED] === undefined,
    );
    const counts = new Map<string, ZoneCount>();
    for (const node of counted) {
      const zone = zoneOf(node);
      const { ready: up, notReady: down } = counts.get(zone) ?? { ready: 0, notReady: 0 };
      const isReady = ready.get(node.metadata.name);
      counts.set(zone, isReady ? { ready: up + 1, notReady: down } : { ready: up, notReady: down + 1 });
    }
    const decision = this.#zones.decide(counts);
    if (decision.enteredTotal) {
      const wasUp = decision.changes.some(({ before }) => before !== 'Initial');
      if (wasUp) this.#logger.warn('no node is ready: eviction is stopped');
      for (const node of nodes) await this.#evictor.markReachable(this.#nodes.get('', node.metadata.name) ?? node);
    }
    if (decision.leftTotal) this.#health.giveFreshGrace();
    for (const change of decision.changes) {
      const down = counted.filter((node) => zoneOf(node) === change.zone && !ready.get(node.metadata.name));
      this.#evictor.setRate(change, down);
    }
  }

  async #syncNode(name: string): Promise<void> {
    const node = this.#nodes.get('', name);
    if (!node) return;
    const client = this.#api.resource(resources.nodes);
    const change = conditionTaintChange(node);
    if (change) await swapTaints(client, node, change, formatTime(this.#context.clock.now()));
    const labels = betaLabelChange(node);
    if (labels) await client.patch(name, { type: 'merge', body: { metadata: { labels } } });
  }

  /** A Pod that turns up on a node that is known not to be ready. */
  #podBound(pod: Pod, old?: Pod): void {
    const { nodeName } = pod.spec;
    if (!nodeName || nodeName === old?.spec.nodeName || this.#health.isNew(nodeName)) return;
    const node = this.#nodes.get('', nodeName);
    if (node && nodeCondition(node, 'Ready') && !isNodeReady(node)) this.#podQueue.add(keyOf(pod));
  }

  async #syncPod(key: string): Promise<void> {
    const pod = this.#pods.getByKey(key);
    const node = this.#nodes.get('', pod?.spec.nodeName ?? '');
    if (pod && node && !isNodeReady(node)) await this.#marker.markNotReady(node, [pod]);
  }

  #tellNode(node: Node, reason: string, message: string): void {
    this.#recorder.event(nodeReference(node), 'Normal', reason, message);
  }
}
