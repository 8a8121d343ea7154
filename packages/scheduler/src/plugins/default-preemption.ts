/**
 * Makes room for a Pod by evicting less important ones (upstream: pkg/scheduler/framework/plugins/defaultpreemption and
 * pkg/scheduler/framework/preemption).
 *
 * Each node that refused the Pod for reasons an eviction can undo is tried in thought: without all less important Pods,
 * then with as many of them back as possible. Of the nodes that would do, the one whose victims matter least is taken.
 * Disruption budgets are not looked at yet.
 */
import type { Pod } from '@regatta/api';
import type { Logger } from '@regatta/runtime';
import type { NodeInfo } from '../cache/node-info.ts';
import type { PodInfo } from '../cache/pod-info.ts';
import { type NodeFinder, PREPARED } from '../cycle/find-nodes.ts';
import type { SchedulerApi } from '../cycle/scheduler-api.ts';
import type { CycleState } from '../framework/cycle-state.ts';
import { fitErrorMessage } from '../framework/fit-error.ts';
import type { PreFiltered } from '../framework/framework.ts';
import type { ClusterView, Plugin, PostFilterResult } from '../framework/plugin.ts';
import { type Rejection, unresolvable } from '../framework/rejection.ts';

const NAME = 'DefaultPreemption';
const NOT_HELPFUL = unresolvable(NAME, 'Preemption is not helpful for scheduling');
const NO_VICTIMS = unresolvable(NAME, 'No preemption victims found for incoming pod');

export interface PreemptionParts {
  readonly cluster: ClusterView;
  readonly finder: () => NodeFinder;
  readonly api: SchedulerApi;
  readonly logger: Logger;
}

interface Candidate {
  readonly node: NodeInfo;
  /** Most important first. */
  readonly victims: readonly PodInfo[];
}

export function defaultPreemption(parts: PreemptionParts): Plugin {
  return {
    name: NAME,
    postFilter(state, pod, rejections) {
      const why = notEligible(pod, parts.cluster);
      if (why) return { message: `preemption: ${why}`, success: false };
      return preempt(parts, state, pod, rejections);
    },
  };
}

/** A Pod that may not preempt, or whose last victims are still ending, must wait. */
function notEligible({ pod, priority }: PodInfo, cluster: ClusterView): string | undefined {
  if (pod.spec.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.';
  const nominated = cluster.node(pod.status?.nominatedNodeName ?? '');
  const ending = [...(nominated?.pods.values() ?? [])].some(
    (other) => other.priority < priority && other.pod.metadata.deletionTimestamp && wasPreempted(other.pod),
  );
  return ending ? 'not eligible due to a terminating pod on the nominated node.' : undefined;
}

function wasPreempted({ status }: Pod): boolean {
  return (status?.conditions ?? []).some(
    ({ type, status: value, reason }) =>
      type === 'DisruptionTarget' && value === 'True' && reason === 'PreemptionByScheduler',
  );
}

function preempt(
  parts: PreemptionParts,
  state: CycleState,
  pod: PodInfo,
  rejections: ReadonlyMap<string, Rejection>,
): PostFilterResult {
  const prepared = state.get(PREPARED);
  const candidates: Candidate[] = [];
  const hopeless = new Map<string, Rejection>();
  for (const [name, rejection] of rejections) {
    const node = rejection.unresolvable || !prepared ? undefined : parts.cluster.node(name);
    if (!node || !prepared) continue;
    const found = selectVictims(parts.finder(), state, pod, prepared, node);
    if ('victims' in found) candidates.push(found);
    else hopeless.set(name, found);
  }
  const best = leastHarmful(candidates);
  if (!best) {
    const allNodes = parts.cluster.nodes.length;
    const message = fitErrorMessage({ allNodes, rejections: hopeless, absent: NOT_HELPFUL });
    return { message: `preemption: ${message}`, nominatedNode: '', success: false };
  }
  evictAll(parts, pod, best);
  return { message: '', nominatedNode: best.node.name, success: true };
}

function selectVictims(
  finder: NodeFinder,
  state: CycleState,
  pod: PodInfo,
  prepared: PreFiltered,
  node: NodeInfo,
): Candidate | Rejection {
  const lesser = [...node.pods.values()].filter((other) => other.priority < pod.priority).sort(byImportance);
  if (lesser.length === 0) return NO_VICTIMS;
  const trial = node.clone();
  const remove = (other: PodInfo): void => {
    trial.removePod(other.uid);
    for (const filter of prepared.filters) filter.podRemoved?.(state, pod, other, trial);
  };
  const add = (other: PodInfo): void => {
    trial.addPod(other);
    for (const filter of prepared.filters) filter.podAdded?.(state, pod, other, trial);
  };
  for (const other of lesser) remove(other);
  const rejection = finder.filterNode(state, pod, prepared, trial);
  const victims = rejection
    ? lesser
    : lesser.filter((other) => {
        add(other);
        if (!finder.filterNode(state, pod, prepared, trial)) return false;
        remove(other);
        return true;
      });
  // The cycle state must be as it was: other nodes are tried with it.
  for (const victim of victims) add(victim);
  return rejection ?? { node, victims };
}

/** Higher priority first, then longer running. */
function byImportance(a: PodInfo, b: PodInfo): number {
  return b.priority - a.priority || startOf(a) - startOf(b);
}

/** Epoch ms; a Pod that has not started counts as starting last. */
function startOf({ pod }: PodInfo): number {
  return pod.status?.startTime ? Date.parse(pod.status.startTime) : Number.POSITIVE_INFINITY;
}

/**
 * Upstream's order: the least important greatest victim, the least sum of priorities, the fewest victims, the latest
 * start of the most important victims (pkg/scheduler/framework/preemption, pickOneNodeForPreemption).
 */
function leastHarmful(candidates: readonly Candidate[]): Candidate | undefined {
  return [...candidates].sort(
    (a, b) =>
      highest(a) - highest(b) ||
      sum(a) - sum(b) ||
      a.victims.length - b.victims.length ||
      (earliestOfHighest(a) < earliestOfHighest(b) ? 1 : -1),
  )[0];
}

function highest({ victims }: Candidate): number {
  return victims[0]?.priority ?? Number.NEGATIVE_INFINITY;
}

/** Shifted, so that many victims of negative priority don't look better than few. */
function sum({ victims }: Candidate): number {
  return victims.reduce((total, { priority }) => total + priority + 2 ** 31, 0);
}

function earliestOfHighest(candidate: Candidate): number {
  const top = highest(candidate);
  return Math.min(...candidate.victims.filter(({ priority }) => priority === top).map(startOf));
}

function evictAll({ api, logger }: PreemptionParts, pod: PodInfo, { node, victims }: Candidate): void {
  for (const victim of victims) {
    const note = `Preempted by pod ${pod.uid} on node ${node.name}`;
    api
      .evict(victim.pod, pod.pod)
      .then(() => api.event(victim.pod, pod.pod, { type: 'Normal', reason: 'Preempted', action: 'Preempting', note }))
      .catch((error: unknown) => logger.warn('preemption failed', { victim: victim.key, pod: pod.key, error }));
  }
}
