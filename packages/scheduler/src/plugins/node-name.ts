/** Only the node that the Pod names (upstream: pkg/scheduler/framework/plugins/nodename). */
import { Action } from '../framework/cluster-event.ts';
import type { Plugin } from '../framework/plugin.ts';
import { unresolvable } from '../framework/rejection.ts';

const NAME = 'NodeName';
const REJECTION = unresolvable(NAME, "node(s) didn't match the requested node name");

export const nodeName: Plugin = {
  name: NAME,
  events: [{ actions: Action.nodeAdd }],
  preFilter: (_state, { pod }) => (pod.spec.nodeName ? undefined : 'skip'),
  filter: (_state, { pod }, node) => (pod.spec.nodeName === node.name ? undefined : REJECTION),
};
