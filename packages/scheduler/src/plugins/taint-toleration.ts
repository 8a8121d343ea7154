/**
 * Not on nodes whose taints the Pod doesn't tolerate, rather not on those it had better avoid
 * (upstream: pkg/scheduler/framework/plugins/tainttoleration).
 */
import type { Toleration } from '@regatta/api';
import { Action } from '../framework/cluster-event.ts';
import { StateKey } from '../framework/cycle-state.ts';
import { normalizeByMax, type Plugin } from '../framework/plugin.ts';
import { unresolvable } from '../framework/rejection.ts';
import { hasUntoleratedTaint, isTolerated } from './tolerations.ts';

const NAME = 'TaintToleration';
const REJECTION = unresolvable(NAME, 'node(s) had untolerated taint(s)');
const PREFERENCES = new StateKey<readonly Toleration[]>(NAME);

export const taintToleration: Plugin = {
  name: NAME,
  weight: 3,
  events: [
    {
      actions: Action.nodeAdd | Action.nodeTaint,
      helps: (waiting, { node }) => !hasUntoleratedTaint(node?.spec.taints ?? [], waiting.pod.spec.tolerations),
    },
    { actions: Action.ownTolerations },
  ],
  filter(_state, { pod }, { taints }) {
    return taints.length > 0 && hasUntoleratedTaint(taints, pod.spec.tolerations) ? REJECTION : undefined;
  },
  preScore(state, { pod }) {
    state.set(
      PREFERENCES,
      (pod.spec.tolerations ?? []).filter(({ effect }) => !effect || effect === 'PreferNoSchedule'),
    );
    return undefined;
  },
  score(state, _pod, { taints }) {
    if (taints.length === 0) return 0;
    const tolerations = state.need(PREFERENCES);
    return taints.filter((taint) => taint.effect === 'PreferNoSchedule' && !isTolerated(taint, tolerations)).length;
  },
  normalize: (_state, _pod, scores) => normalizeByMax(scores, true),
};
