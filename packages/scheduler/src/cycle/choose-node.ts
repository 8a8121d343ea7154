/**
 * The best of the nodes that fit; among equals one at random (upstream: pkg/scheduler/schedule_one.go, prioritizeNodes).
 */

import type { Random } from '@regatta/runtime';
import type { NodeInfo } from '../cache/node-info.ts';
import type { PodInfo } from '../cache/pod-info.ts';
import type { CycleState } from '../framework/cycle-state.ts';
import type { Framework, Scored } from '../framework/framework.ts';
import type { ClusterView } from '../framework/plugin.ts';

export interface Choice {
  readonly node: NodeInfo;
  /** Missing when there was nothing to choose. */
  readonly scored?: Scored;
}

/** @throws Error when there are no nodes */
export function chooseNode(
  framework: Framework,
  state: CycleState,
  pod: PodInfo,
  nodes: readonly NodeInfo[],
  cluster: ClusterView,
  random: Random,
): Choice {
  const [only] = nodes;
  if (!only) throw new Error('no nodes to choose from');
  if (nodes.length === 1) return { node: only };
  const scored = framework.score(state, pod, nodes, cluster);
  let best = 0;
  let equals = 1;
  for (let i = 1; i < nodes.length; i++) {
    const difference = (scored.totals[i] ?? 0) - (scored.totals[best] ?? 0);
    if (difference < 0) continue;
    equals = difference > 0 ? 1 : equals + 1;
    // Each of the equals so far is kept with the same chance.
    if (difference > 0 || random.next() * equals < 1) best = i;
  }
  return { node: nodes[best] ?? only, scored };
}
