/**
 * Which nodes fit a Pod (upstream: pkg/scheduler/schedule_one.go, findNodesThatFitPod). In a large cluster only so many
 * nodes are looked for, starting where the last Pod's search ended, so that all nodes get their turn.
 */
import type { NodeInfo } from '../cache/node-info.ts';
import type { PodInfo } from '../cache/pod-info.ts';
import { type CycleState, StateKey } from '../framework/cycle-state.ts';
import type { Framework, PreFiltered } from '../framework/framework.ts';
import type { ClusterView } from '../framework/plugin.ts';
import { type Rejection, unresolvable } from '../framework/rejection.ts';
import type { Nominations } from './nominations.ts';

/** What PreFilter found, for PostFilter plugins that try nodes again. */
export const PREPARED = new StateKey<PreFiltered>('PreFilter');

const LEAST_FEASIBLE_NODES = 100;
const LEAST_PERCENTAGE = 5;

/** How many feasible nodes are enough. 0 per cent means: by the size of the cluster, 50 % of 1, 10 % of 5,000 nodes. */
export function feasibleNodesToFind(allNodes: number, percentageOfNodesToScore: number): number {
  if (allNodes < LEAST_FEASIBLE_NODES) return allNodes;
  const percentage = percentageOfNodesToScore || Math.max(LEAST_PERCENTAGE, 50 - Math.floor(allNodes / 125));
  return Math.max(LEAST_FEASIBLE_NODES, Math.floor((allNodes * percentage) / 100));
}

export interface Found {
  readonly feasible: readonly NodeInfo[];
  readonly rejections: ReadonlyMap<string, Rejection>;
  /** Why nodes that were not looked at could not fit. */
  readonly absent?: Rejection;
  /** A PreFilter plugin refused the Pod for every node. */
  readonly preFilter?: Rejection;
}

export class NodeFinder {
  #start = 0;

  constructor(
    readonly framework: Framework,
    readonly cluster: ClusterView,
    readonly nominations: Nominations,
    readonly percentageOfNodesToScore: number,
  ) {}

  find(state: CycleState, pod: PodInfo): Found {
    const prepared = this.framework.preFilter(state, pod, this.cluster);
    if ('reasons' in prepared) return { feasible: [], rejections: new Map(), preFilter: prepared };
    state.set(PREPARED, prepared);
    const nominated = this.#nominated(state, pod, prepared);
    if (nominated) return { feasible: [nominated], rejections: new Map() };
    const { nodeNames } = prepared;
    const nodes = nodeNames ? this.#named(nodeNames) : this.cluster.nodes;
    const found = this.#filter(state, pod, prepared, nodes);
    if (!nodeNames) return found;
    return { ...found, absent: unresolvable('', `node(s) didn't satisfy plugin(s) [${prepared.namedBy.join(' ')}]`) };
  }

  /** The node that a preemption has made room on is tried first. */
  #nominated(state: CycleState, pod: PodInfo, prepared: PreFiltered): NodeInfo | undefined {
    const name = this.nominations.nodeOf(pod.uid) ?? pod.pod.status?.nominatedNodeName;
    const node = name ? this.cluster.node(name) : undefined;
    return node && !this.filterNode(state, pod, prepared, node) ? node : undefined;
  }

  #named(names: ReadonlySet<string>): NodeInfo[] {
    return [...names].flatMap((name) => this.cluster.node(name) ?? []);
  }

  #filter(state: CycleState, pod: PodInfo, prepared: PreFiltered, nodes: readonly NodeInfo[]): Found {
    const enough = feasibleNodesToFind(nodes.length, this.percentageOfNodesToScore);
    const feasible: NodeInfo[] = [];
    const rejections = new Map<string, Rejection>();
    let looked = 0;
    for (; looked < nodes.length && feasible.length < enough; looked++) {
      const node = nodes[(this.#start + looked) % nodes.length];
      if (!node) break;
      const rejection = this.filterNode(state, pod, prepared, node);
      if (rejection) rejections.set(node.name, rejection);
      else feasible.push(node);
    }
    this.#start = (this.#start + looked) % Math.max(1, this.cluster.nodes.length);
    return { feasible, rejections };
  }

  /** A node must fit as it is, and also with the Pods of no less priority that were promised room on it. */
  filterNode(state: CycleState, pod: PodInfo, { filters }: PreFiltered, node: NodeInfo): Rejection | undefined {
    const promised = this.nominations.on(node.name, pod);
    if (promised.length > 0) {
      const crowded = node.clone();
      for (const other of promised) crowded.addPod(other);
      for (const other of promised) for (const filter of filters) filter.podAdded?.(state, pod, other, crowded);
      const rejection = this.framework.filter(filters, state, pod, crowded);
      for (const other of promised) for (const filter of filters) filter.podRemoved?.(state, pod, other, crowded);
      if (rejection) return rejection;
    }
    return this.framework.filter(filters, state, pod, node);
  }
}
