/** Keeps Pods with scheduling gates out of the queue (upstream: pkg/scheduler/framework/plugins/schedulinggates). */
import { Action } from '../framework/cluster-event.ts';
import type { Plugin } from '../framework/plugin.ts';
import { unresolvable } from '../framework/rejection.ts';

const NAME = 'SchedulingGates';

export const schedulingGates: Plugin = {
  name: NAME,
  events: [{ actions: Action.ownGates }],
  preEnqueue({ pod }) {
    const gates = pod.spec.schedulingGates ?? [];
    if (gates.length === 0) return undefined;
    return unresolvable(NAME, `waiting for scheduling gates: [${gates.map((gate) => gate.name).join(' ')}]`);
  },
};
