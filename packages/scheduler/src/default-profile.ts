/**
 * The plugins of the default profile, in upstream's order (pkg/scheduler/apis/config/v1/default_plugins.go). Queue sort
 * (PrioritySort) is the queue's own order. Volume plugins come with volumes.
 */

import type { Plugin } from './framework/plugin.ts';
import { balancedAllocation } from './plugins/balanced-allocation.ts';
import { defaultBinder } from './plugins/default-binder.ts';
import { defaultPreemption, type PreemptionParts } from './plugins/default-preemption.ts';
import { dynamicResources } from './plugins/dynamic-resources.ts';
import { imageLocality } from './plugins/image-locality.ts';
import { interPodAffinity, type NamespaceLabels } from './plugins/inter-pod-affinity.ts';
import { nodeAffinity } from './plugins/node-affinity.ts';
import { nodeName } from './plugins/node-name.ts';
import { nodePorts } from './plugins/node-ports.ts';
import { nodeResourcesFit } from './plugins/node-resources-fit.ts';
import { nodeUnschedulable } from './plugins/node-unschedulable.ts';
import { podTopologySpread, type SpreadParts } from './plugins/pod-topology-spread.ts';
import { schedulingGates } from './plugins/scheduling-gates.ts';
import { taintToleration } from './plugins/taint-toleration.ts';

export interface ProfileParts extends PreemptionParts {
  readonly spread: SpreadParts;
  readonly namespaceLabels: NamespaceLabels;
}

export function defaultProfile(parts: ProfileParts): readonly Plugin[] {
  return [
    schedulingGates,
    nodeUnschedulable,
    nodeName,
    taintToleration,
    nodeAffinity,
    nodePorts,
    nodeResourcesFit,
    podTopologySpread(parts.spread),
    interPodAffinity(parts.namespaceLabels),
    dynamicResources,
    defaultPreemption(parts),
    balancedAllocation,
    imageLocality,
    defaultBinder(parts.api),
  ];
}
