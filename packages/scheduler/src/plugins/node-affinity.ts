/** Nodes by their labels (upstream: pkg/scheduler/framework/plugins/nodeaffinity). */
import { matchesNodeSelectorTerm, type PreferredSchedulingTerm } from '@regatta/api';
import { NodeInfo } from '../cache/node-info.ts';
import type { PodInfo } from '../cache/pod-info.ts';
import { Action, type ClusterEvent } from '../framework/cluster-event.ts';
import { StateKey } from '../framework/cycle-state.ts';
import { normalizeByMax, type Plugin } from '../framework/plugin.ts';
import { unresolvable } from '../framework/rejection.ts';
import { matchesRequired, namedNodes, type RequiredNodes, requiredNodes } from './node-selector.ts';

const NAME = 'NodeAffinity';
const REJECTION = unresolvable(NAME, "node(s) didn't match Pod's node affinity/selector");
const REQUIRED = new StateKey<RequiredNodes>(`${NAME}/required`);
const PREFERRED = new StateKey<readonly PreferredSchedulingTerm[]>(`${NAME}/preferred`);

export const nodeAffinity: Plugin = {
  name: NAME,
  weight: 2,
  events: [{ actions: Action.nodeAdd | Action.nodeLabel, helps: matchesNow }],
  preFilter(state, { pod }) {
    const required = requiredNodes(pod);
    if (!required) return 'skip';
    state.set(REQUIRED, required);
    const nodeNames = required.terms && namedNodes(required.terms);
    return nodeNames && { nodeNames };
  },
  filter: (state, _pod, node) => (matchesRequired(state.need(REQUIRED), node) ? undefined : REJECTION),
  preScore(state, { pod }) {
    const preferred = pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    if (preferred.length === 0) return 'skip';
    state.set(PREFERRED, preferred);
    return undefined;
  },
  score(state, _pod, node) {
    let score = 0;
    for (const { preference, weight } of state.need(PREFERRED))
      if (matchesNodeSelectorTerm(preference, node)) score += weight;
    return score;
  },
  normalize: (_state, _pod, scores) => normalizeByMax(scores, false),
};

function matchesNow({ pod }: PodInfo, { node }: ClusterEvent): boolean {
  const required = requiredNodes(pod);
  if (!required || !node) return true;
  const info = new NodeInfo(node.metadata.name);
  info.setNode(node);
  return matchesRequired(required, info);
}
