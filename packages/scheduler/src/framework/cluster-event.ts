/**
 * What happens in the cluster that may make a Pod schedulable (upstream: pkg/scheduler/framework/events.go and
 * k8s.io/kube-scheduler/framework ActionType). Plugins say which events can undo their rejection; a hint looks closer.
 */
import type { Node, Pod } from '@regatta/api';
import type { PodInfo } from '../cache/pod-info.ts';

/** Bits, so that one update can be several actions and a plugin can ask for several. */
export const Action = {
  nodeAdd: 1,
  nodeAllocatable: 2,
  nodeLabel: 4,
  nodeTaint: 8,
  nodeOther: 16,
  /** A Pod on a node came, or its labels changed. */
  assignedPodAdd: 32,
  assignedPodLabel: 64,
  assignedPodDelete: 128,
  assignedPodScaleDown: 256,
  /** The waiting Pod itself changed. */
  ownGates: 512,
  ownLabel: 1024,
  ownTolerations: 2048,
  ownOther: 4096,
} as const;

export interface ClusterEvent {
  /** One or more of Action's bits. */
  readonly actions: number;
  /** The node or Pod that changed, after and before. */
  readonly node?: Node;
  readonly oldNode?: Node;
  readonly pod?: Pod;
  readonly oldPod?: Pod;
}

export interface EventHint {
  readonly actions: number;
  /** Whether this event may make the waiting Pod schedulable; always when left out. */
  readonly helps?: (waiting: PodInfo, event: ClusterEvent) => boolean;
}
