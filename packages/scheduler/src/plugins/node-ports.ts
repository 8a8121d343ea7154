/** Not where a host port is taken (upstream: pkg/scheduler/framework/plugins/nodeports). */
import { Action } from '../framework/cluster-event.ts';
import type { Plugin } from '../framework/plugin.ts';
import { unschedulable } from '../framework/rejection.ts';

const NAME = 'NodePorts';
const REJECTION = unschedulable(NAME, "node(s) didn't have free ports for the requested pod ports");

export const nodePorts: Plugin = {
  name: NAME,
  events: [{ actions: Action.nodeAdd | Action.assignedPodDelete }],
  preFilter: (_state, { hostPorts }) => (hostPorts.length === 0 ? 'skip' : undefined),
  filter: (_state, { hostPorts }, node) => (hostPorts.some((port) => node.portConflicts(port)) ? REJECTION : undefined),
};
