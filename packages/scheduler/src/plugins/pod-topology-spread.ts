/**
 * Spreads Pods over hosts, zones or any other topology (upstream: pkg/scheduler/framework/plugins/podtopologyspread).
 * Filters by the constraints that say DoNotSchedule, scores by those that say ScheduleAnyway or by the defaults.
 */
import { type MatchingPods, selects } from '../cache/matching-pods.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { PodInfo } from '../cache/pod-info.ts';
import { Action } from '../framework/cluster-event.ts';
import { type CycleState, StateKey } from '../framework/cycle-state.ts';
import { type ClusterView, MAX_NODE_SCORE, type Plugin } from '../framework/plugin.ts';
import { type Rejection, unresolvable, unschedulable } from '../framework/rejection.ts';
import type { DefaultSpread } from './default-spread.ts';
import {
  type Constraint,
  defaultConstraints,
  HOSTNAME,
  hasAllTopologies,
  inclusion,
  ownConstraints,
} from './spread-constraint.ts';

const NAME = 'PodTopologySpread';
const MISMATCH = "node(s) didn't match pod topology spread constraints";
const TOO_SKEWED = unschedulable(NAME, MISMATCH);
const NO_LABEL = unresolvable(NAME, `${MISMATCH} (missing required label)`);

interface Counted {
  readonly constraint: Constraint;
  /** Whether the Pod itself would count. */
  readonly self: 0 | 1;
  /** Matching Pods by topology value. */
  readonly domains: Map<string, number>;
}

interface Scoring {
  readonly constraint: Constraint;
  readonly perNode: ReadonlyMap<NodeInfo, number>;
  readonly domains: ReadonlyMap<string, number>;
  readonly weight: number;
}

interface ScoreState {
  readonly scorings: readonly Scoring[];
  /** Nodes without all topology keys get no points. */
  readonly ignored: ReadonlySet<NodeInfo>;
}

const HARD = new StateKey<readonly Counted[]>(`${NAME}/filter`);
const SOFT = new StateKey<ScoreState>(`${NAME}/score`);

export interface SpreadParts {
  readonly matching: MatchingPods;
  readonly defaults: DefaultSpread;
}

export function podTopologySpread({ matching, defaults }: SpreadParts): Plugin {
  return {
    name: NAME,
    weight: 2,
    events: [
      { actions: Action.nodeAdd | Action.nodeLabel | Action.nodeTaint },
      { actions: Action.assignedPodAdd | Action.assignedPodDelete | Action.assignedPodLabel | Action.ownLabel },
    ],
    preFilter(state, pod, cluster) {
      const constraints = ownConstraints(pod, 'DoNotSchedule');
      if (constraints.length === 0) return 'skip';
      state.set(HARD, countDomains(matching, pod, constraints, cluster));
      return undefined;
    },
    filter: (state, _pod, node) => checkSkew(state.need(HARD), node),
    podAdded: (state, _pod, added, node) => adjust(state, added, node, 1),
    podRemoved: (state, _pod, removed, node) => adjust(state, removed, node, -1),
    preScore(state, pod, nodes) {
      const prepared = prepareScores(matching, defaults, pod, nodes);
      if (!prepared) return 'skip';
      state.set(SOFT, prepared);
      return undefined;
    },
    score: (state, _pod, node) => scoreNode(state.need(SOFT), node),
    normalize: (state, _pod, scores, nodes) => normalize(state.need(SOFT), scores, nodes),
  };
}

function countDomains(
  matching: MatchingPods,
  pod: PodInfo,
  constraints: readonly Constraint[],
  cluster: ClusterView,
): Counted[] {
  const included = inclusion(pod);
  const nodes = cluster.nodes.filter((node) => hasAllTopologies(node, constraints));
  return constraints.map((constraint) => {
    const counts = matching.countsOf(constraint.selector);
    const domains = new Map<string, number>();
    for (const node of nodes) {
      if (!included(constraint, node)) continue;
      const value = node.labels[constraint.topologyKey] ?? '';
      domains.set(value, (domains.get(value) ?? 0) + (counts.get(node) ?? 0));
    }
    return { constraint, self: constraint.selector.matcher.matches(pod.labels) ? 1 : 0, domains };
  });
}

function checkSkew(counted: readonly Counted[], node: NodeInfo): Rejection | undefined {
  for (const { constraint, self, domains } of counted) {
    const value = node.labels[constraint.topologyKey];
    if (value === undefined) return NO_LABEL;
    const least = domains.size < constraint.minDomains ? 0 : Math.min(...domains.values());
    if ((domains.get(value) ?? 0) + self - least > constraint.maxSkew) return TOO_SKEWED;
  }
  return undefined;
}

function adjust(state: CycleState, other: PodInfo, node: NodeInfo, sign: 1 | -1): void {
  for (const { constraint, domains } of state.get(HARD) ?? []) {
    const value = node.labels[constraint.topologyKey];
    const count = value === undefined ? undefined : domains.get(value);
    if (value !== undefined && count !== undefined && selects(constraint.selector, other))
      domains.set(value, count + sign);
  }
}

function prepareScores(
  matching: MatchingPods,
  defaults: DefaultSpread,
  pod: PodInfo,
  nodes: readonly NodeInfo[],
): ScoreState | undefined {
  const own = (pod.pod.spec.topologySpreadConstraints ?? []).length > 0;
  const selector = own ? undefined : defaults.selectorFor(pod);
  const constraints = selector ? defaultConstraints(selector) : ownConstraints(pod, 'ScheduleAnyway');
  if (constraints.length === 0) return undefined;
  // Only Pods with constraints of their own demand all labels: by default hosts are spread over without zones, too.
  const ignored = new Set(own ? nodes.filter((node) => !hasAllTopologies(node, constraints)) : []);
  const scored = ignored.size === 0 ? nodes : nodes.filter((node) => !ignored.has(node));
  const included = inclusion(pod);
  const scorings = constraints.map((constraint) => {
    const perNode = matching.countsOf(constraint.selector);
    const isHost = constraint.topologyKey === HOSTNAME;
    const domains = isHost ? new Map<string, number>() : domainCounts(constraint, perNode, scored, included);
    return { constraint, perNode, domains, weight: Math.log((isHost ? scored.length : domains.size) + 2) };
  });
  return { scorings, ignored };
}

/** Matching Pods in each domain that has a node to choose. */
function domainCounts(
  constraint: Constraint,
  perNode: ReadonlyMap<NodeInfo, number>,
  nodes: readonly NodeInfo[],
  included: (constraint: Constraint, node: NodeInfo) => boolean,
): Map<string, number> {
  const domains = new Map<string, number>();
  for (const node of nodes) domains.set(node.labels[constraint.topologyKey] ?? '', 0);
  if (domains.size === 1 && domains.has('')) return domains;
  for (const [node, count] of perNode) {
    const value = node.labels[constraint.topologyKey] ?? '';
    const before = domains.get(value);
    if (before !== undefined && included(constraint, node)) domains.set(value, before + count);
  }
  return domains;
}

function scoreNode({ scorings, ignored }: ScoreState, node: NodeInfo): number {
  if (ignored.has(node)) return 0;
  let score = 0;
  for (const { constraint, perNode, domains, weight } of scorings) {
    const value = node.labels[constraint.topologyKey];
    if (value === undefined) continue;
    const count = constraint.topologyKey === HOSTNAME ? perNode.get(node) : domains.get(value);
    score += (count ?? 0) * weight + (constraint.maxSkew - 1);
  }
  return Math.round(score);
}

/** The fewer the better; nodes that are ignored get nothing. */
function normalize({ ignored }: ScoreState, scores: Float64Array, nodes: readonly NodeInfo[]): void {
  let min = Number.POSITIVE_INFINITY;
  let max = 0;
  for (const [i, node] of nodes.entries()) {
    if (ignored.has(node)) continue;
    const score = scores[i] ?? 0;
    if (score < min) min = score;
    if (score > max) max = score;
  }
  for (const [i, node] of nodes.entries()) {
    if (ignored.has(node)) scores[i] = 0;
    else if (max === 0) scores[i] = MAX_NODE_SCORE;
    else scores[i] = Math.floor((MAX_NODE_SCORE * (max + min - (scores[i] ?? 0))) / max);
  }
}
