/**
 * Enough of every resource, and rather where most is left: the LeastAllocated strategy over CPU and memory
 * (upstream: pkg/scheduler/framework/plugins/noderesources, fit.go and least_allocated.go).
 */
import type { NodeInfo } from '../cache/node-info.ts';
import type { PodInfo } from '../cache/pod-info.ts';
import { resourcesFrom } from '../cache/resources.ts';
import { Action, type ClusterEvent } from '../framework/cluster-event.ts';
import { MAX_NODE_SCORE, type Plugin } from '../framework/plugin.ts';
import type { Rejection } from '../framework/rejection.ts';

const NAME = 'NodeResourcesFit';

export const nodeResourcesFit: Plugin = {
  name: NAME,
  weight: 1,
  events: [
    { actions: Action.nodeAdd | Action.nodeAllocatable, helps: couldFit },
    { actions: Action.assignedPodDelete | Action.assignedPodScaleDown },
  ],
  filter: (_state, pod, node) => (fits(pod, node) ? undefined : explain(pod, node)),
  score(_state, { nonZeroRequests }, { allocatable, nonZeroRequested }) {
    const cpu = leftShare(nonZeroRequested.milliCpu + nonZeroRequests.milliCpu, allocatable.milliCpu);
    const memory = leftShare(nonZeroRequested.memory + nonZeroRequests.memory, allocatable.memory);
    const weights = (allocatable.milliCpu > 0 ? 1 : 0) + (allocatable.memory > 0 ? 1 : 0);
    return weights === 0 ? 0 : Math.floor((cpu + memory) / weights);
  },
};

function leftShare(requested: number, allocatable: number): number {
  if (allocatable === 0 || requested > allocatable) return 0;
  return Math.floor(((allocatable - requested) * MAX_NODE_SCORE) / allocatable);
}

/** The quick answer, without reasons: this runs for every node and Pod. */
function fits({ requests }: PodInfo, { allocatable, allowedPods, requested, pods }: NodeInfo): boolean {
  return (
    pods.size < allowedPods &&
    (requests.milliCpu === 0 || requests.milliCpu <= allocatable.milliCpu - requested.milliCpu) &&
    (requests.memory === 0 || requests.memory <= allocatable.memory - requested.memory) &&
    (requests.ephemeralStorage === 0 ||
      requests.ephemeralStorage <= allocatable.ephemeralStorage - requested.ephemeralStorage) &&
    (!requests.scalars || scalarsFit(requests.scalars, allocatable.scalars, requested.scalars))
  );
}

type Amounts = ReadonlyMap<string, number>;

function scalarsFit(wanted: Amounts, allocatable: Amounts | undefined, requested: Amounts | undefined): boolean {
  for (const [name, amount] of wanted) {
    if (amount > (allocatable?.get(name) ?? 0) - (requested?.get(name) ?? 0)) return false;
  }
  return true;
}

/** What is short. No eviction helps a Pod that wants more than the node has. */
function explain({ requests }: PodInfo, { allocatable, allowedPods, requested, pods }: NodeInfo): Rejection {
  const reasons: string[] = [];
  let hopeless = false;
  const check = (name: string, wanted: number, total: number, used: number): void => {
    if (wanted === 0 || wanted <= total - used) return;
    reasons.push(`Insufficient ${name}`);
    hopeless ||= wanted > total;
  };
  if (pods.size >= allowedPods) reasons.push('Too many pods');
  check('cpu', requests.milliCpu, allocatable.milliCpu, requested.milliCpu);
  check('memory', requests.memory, allocatable.memory, requested.memory);
  check('ephemeral-storage', requests.ephemeralStorage, allocatable.ephemeralStorage, requested.ephemeralStorage);
  for (const [name, wanted] of requests.scalars ?? []) {
    check(name, wanted, allocatable.scalars?.get(name) ?? 0, requested.scalars?.get(name) ?? 0);
  }
  return { plugin: NAME, unresolvable: hopeless, reasons };
}

/** Whether the Pod would fit on the changed node if it were empty. */
function couldFit({ requests }: PodInfo, { node }: ClusterEvent): boolean {
  const total = resourcesFrom(node?.status?.allocatable);
  return (
    requests.milliCpu <= total.milliCpu &&
    requests.memory <= total.memory &&
    requests.ephemeralStorage <= total.ephemeralStorage &&
    (!requests.scalars || scalarsFit(requests.scalars, total.scalars, undefined))
  );
}
