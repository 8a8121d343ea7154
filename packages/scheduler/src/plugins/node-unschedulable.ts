/** Not on cordoned nodes (upstream: pkg/scheduler/framework/plugins/nodeunschedulable). */
import { Action } from '../framework/cluster-event.ts';
import type { Plugin } from '../framework/plugin.ts';
import { unresolvable } from '../framework/rejection.ts';
import { isTolerated } from './tolerations.ts';

const NAME = 'NodeUnschedulable';
const REJECTION = unresolvable(NAME, 'node(s) were unschedulable');
const TAINT = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

export const nodeUnschedulable: Plugin = {
  name: NAME,
  events: [
    { actions: Action.nodeAdd | Action.nodeTaint, helps: (_waiting, { node }) => !node?.spec.unschedulable },
    { actions: Action.ownTolerations },
  ],
  filter(_state, { pod }, { node }) {
    if (!node?.spec.unschedulable || isTolerated(TAINT, pod.spec.tolerations)) return undefined;
    return REJECTION;
  },
};
