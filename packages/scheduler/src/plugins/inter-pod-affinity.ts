/**
 * Near some Pods, away from others (upstream: pkg/scheduler/framework/plugins/interpodaffinity, filtering.go and
 * scoring.go). Pods that are there already have a say, too: their anti-affinity keeps newcomers away.
 */
import type { NodeInfo } from '../cache/node-info.ts';
import { type AffinityTerm, type PodInfo, termSelects } from '../cache/pod-info.ts';
import { Action } from '../framework/cluster-event.ts';
import { type CycleState, StateKey } from '../framework/cycle-state.ts';
import { type ClusterView, MAX_NODE_SCORE, type Plugin } from '../framework/plugin.ts';
import { type Rejection, unresolvable, unschedulable } from '../framework/rejection.ts';
import { TopologyCounts } from './topology-counts.ts';

const NAME = 'InterPodAffinity';
const NO_AFFINITY = unresolvable(NAME, "node(s) didn't match pod affinity rules");
const ANTI_AFFINITY = unschedulable(NAME, "node(s) didn't match pod anti-affinity rules");
const EXISTING_ANTI_AFFINITY = unschedulable(NAME, "node(s) didn't satisfy existing pods anti-affinity rules");
/** What a required affinity of a Pod that is there already counts for (hardPodAffinityWeight). */
const HARD_WEIGHT = 1;

export type NamespaceLabels = (namespace: string) => Readonly<Record<string, string>> | undefined;

interface FilterState {
  /** Pods that all required affinity terms select, by the terms' topologies. */
  readonly affinity: TopologyCounts;
  /** Pods that required anti-affinity terms select. */
  readonly antiAffinity: TopologyCounts;
  /** Pods there already whose required anti-affinity selects this one. */
  readonly existing: TopologyCounts;
}

const FILTER = new StateKey<FilterState>(`${NAME}/filter`);
const SCORE = new StateKey<TopologyCounts>(`${NAME}/score`);

export function interPodAffinity(namespaceLabels: NamespaceLabels): Plugin {
  const selects = (term: AffinityTerm, target: PodInfo): boolean => termSelects(term, target, namespaceLabels);
  return {
    name: NAME,
    weight: 2,
    events: [
      { actions: Action.nodeAdd | Action.nodeLabel },
      { actions: Action.assignedPodAdd | Action.assignedPodLabel | Action.assignedPodDelete | Action.ownLabel },
    ],
    preFilter(state, pod, cluster) {
      const counts = countForFilter(pod, cluster, selects);
      const own = pod.affinity.required.length + pod.antiAffinity.required.length;
      if (own === 0 && counts.existing.isEmpty) return 'skip';
      state.set(FILTER, counts);
      return undefined;
    },
    filter: (state, pod, node) => check(state.need(FILTER), pod, node, selects),
    podAdded: (state, pod, other, node) => adjust(state, pod, other, node, 1, selects),
    podRemoved: (state, pod, other, node) => adjust(state, pod, other, node, -1, selects),
    preScore(state, pod, _nodes, cluster) {
      const scores = weigh(pod, cluster, selects);
      if (scores.isEmpty) return 'skip';
      state.set(SCORE, scores);
      return undefined;
    },
    score: (state, _pod, node) => state.need(SCORE).total(node.labels),
    normalize: (_state, _pod, scores) => spreadOut(scores),
  };
}

type Selects = (term: AffinityTerm, target: PodInfo) => boolean;

function countForFilter(pod: PodInfo, cluster: ClusterView, selects: Selects): FilterState {
  const counts = { affinity: new TopologyCounts(), antiAffinity: new TopologyCounts(), existing: new TopologyCounts() };
  for (const node of cluster.nodesWithPodAffinity) {
    for (const other of node.podsWithRequiredAntiAffinity) countExisting(counts, pod, other, node, 1, selects);
  }
  if (pod.affinity.required.length === 0 && pod.antiAffinity.required.length === 0) return counts;
  for (const node of cluster.nodes) {
    for (const other of node.pods.values()) countOwn(counts, pod, other, node, 1, selects);
  }
  return counts;
}

function countExisting(
  { existing }: FilterState,
  pod: PodInfo,
  other: PodInfo,
  { labels }: NodeInfo,
  amount: number,
  selects: Selects,
): void {
  for (const term of other.antiAffinity.required)
    if (selects(term, pod)) existing.add(term.topologyKey, labels, amount);
}

function countOwn(
  { affinity, antiAffinity }: FilterState,
  pod: PodInfo,
  other: PodInfo,
  { labels }: NodeInfo,
  amount: number,
  selects: Selects,
): void {
  const required = pod.affinity.required;
  if (required.length > 0 && required.every((term) => selects(term, other))) {
    for (const term of required) affinity.add(term.topologyKey, labels, amount);
  }
  for (const term of pod.antiAffinity.required) {
    if (selects(term, other)) antiAffinity.add(term.topologyKey, labels, amount);
  }
}

function adjust(
  state: CycleState,
  pod: PodInfo,
  other: PodInfo,
  node: NodeInfo,
  amount: number,
  selects: Selects,
): void {
  const counts = state.get(FILTER);
  if (!counts) return;
  countExisting(counts, pod, other, node, amount, selects);
  countOwn(counts, pod, other, node, amount, selects);
}

function check(counts: FilterState, pod: PodInfo, { labels }: NodeInfo, selects: Selects): Rejection | undefined {
  if (!hasAffinity(counts, pod, labels, selects)) return NO_AFFINITY;
  if (pod.antiAffinity.required.some((term) => counts.antiAffinity.get(term.topologyKey, labels) > 0)) {
    return ANTI_AFFINITY;
  }
  return counts.existing.touches(labels) ? EXISTING_ANTI_AFFINITY : undefined;
}

/** The first of Pods that want to be together must start somewhere: when nobody matches yet, itself will do. */
function hasAffinity(
  { affinity }: FilterState,
  pod: PodInfo,
  labels: Readonly<Record<string, string>>,
  selects: Selects,
): boolean {
  const { required } = pod.affinity;
  if (required.some((term) => labels[term.topologyKey] === undefined)) return false;
  if (required.every((term) => affinity.get(term.topologyKey, labels) > 0)) return true;
  return affinity.isEmpty && required.every((term) => selects(term, pod));
}

function weigh(pod: PodInfo, cluster: ClusterView, selects: Selects): TopologyCounts {
  const scores = new TopologyCounts();
  const prefers = pod.affinity.preferred.length + pod.antiAffinity.preferred.length > 0;
  for (const node of prefers ? cluster.nodes : cluster.nodesWithPodAffinity) {
    for (const other of prefers ? node.pods.values() : node.podsWithAffinity)
      weighPair(scores, pod, other, node, selects);
  }
  return scores;
}

function weighPair(scores: TopologyCounts, pod: PodInfo, other: PodInfo, { labels }: NodeInfo, selects: Selects): void {
  const weighTerms = (terms: readonly AffinityTerm[], target: PodInfo, sign: 1 | -1, hard?: number): void => {
    for (const term of terms)
      if (selects(term, target)) scores.add(term.topologyKey, labels, sign * (hard ?? term.weight));
  };
  weighTerms(pod.affinity.preferred, other, 1);
  weighTerms(pod.antiAffinity.preferred, other, -1);
  weighTerms(other.affinity.required, pod, 1, HARD_WEIGHT);
  weighTerms(other.affinity.preferred, pod, 1);
  weighTerms(other.antiAffinity.preferred, pod, -1);
}

/** From the lowest score, which may be below 0, to the highest. */
function spreadOut(scores: Float64Array): void {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const score of scores) {
    if (score < min) min = score;
    if (score > max) max = score;
  }
  for (let i = 0; i < scores.length; i++) {
    scores[i] = max > min ? Math.floor((MAX_NODE_SCORE * ((scores[i] ?? 0) - min)) / (max - min)) : 0;
  }
}
