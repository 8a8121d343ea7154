/**
 * Turns what informers see into the cache's state and the queue's events (upstream: pkg/scheduler/eventhandlers.go).
 */
import type { Node, Pod } from '@regatta/api';
import type { InformerHandler } from '@regatta/client';
import { PodInfo } from '../cache/pod-info.ts';
import type { SchedulerCache } from '../cache/scheduler-cache.ts';
import type { Nominations } from '../cycle/nominations.ts';
import { Action } from '../framework/cluster-event.ts';
import type { SchedulingQueue } from '../queue/scheduling-queue.ts';

export interface ChangeSinks {
  readonly cache: SchedulerCache;
  readonly queue: SchedulingQueue;
  readonly nominations: Nominations;
  readonly schedulerName: string;
}

export function nodeHandler({ cache, queue }: ChangeSinks): InformerHandler<Node> {
  return {
    onAdd(node) {
      cache.setNode(node);
      queue.onEvent({ actions: Action.nodeAdd, node });
    },
    onUpdate(node, oldNode) {
      cache.setNode(node);
      const actions = nodeActions(node, oldNode);
      if (actions !== 0) queue.onEvent({ actions, node, oldNode });
    },
    onDelete: (node) => cache.removeNode(node.metadata.name),
  };
}

/** What of a node changed that scheduling cares about; heartbeats give 0. */
export function nodeActions(node: Node, old: Node): number {
  let actions = 0;
  if (differ(node.status?.allocatable, old.status?.allocatable)) actions |= Action.nodeAllocatable;
  if (differ(node.metadata.labels, old.metadata.labels)) actions |= Action.nodeLabel;
  const cordon = (node.spec.unschedulable ?? false) !== (old.spec.unschedulable ?? false);
  if (cordon || differ(node.spec.taints, old.spec.taints)) actions |= Action.nodeTaint;
  return actions;
}

export function podHandler(sinks: ChangeSinks): InformerHandler<Pod> {
  return {
    onAdd(pod) {
      if (counts(pod)) placed(sinks, pod);
      else if (isOurs(sinks, pod)) sinks.queue.add(new PodInfo(pod));
    },
    onUpdate(pod, old) {
      if (pod.metadata.uid !== old.metadata.uid) {
        gone(sinks, old);
        this.onAdd?.(pod);
      } else if (counts(pod)) {
        if (counts(old)) changed(sinks, pod, old);
        else placed(sinks, pod);
      } else if (counts(old)) gone(sinks, pod);
      else if (isOurs(sinks, pod)) waitingChanged(sinks, pod, old);
      else sinks.queue.delete(uidOf(pod));
    },
    onDelete: (pod) => gone(sinks, pod),
  };
}

/** On a node, and not finished. */
function counts({ spec, status }: Pod): boolean {
  return Boolean(spec.nodeName) && !isFinished(status?.phase);
}

function isOurs({ schedulerName }: ChangeSinks, { spec, status }: Pod): boolean {
  return !spec.nodeName && (spec.schedulerName ?? 'default-scheduler') === schedulerName && !isFinished(status?.phase);
}

function isFinished(phase: string | undefined): boolean {
  return phase === 'Succeeded' || phase === 'Failed';
}

function placed({ cache, queue, nominations }: ChangeSinks, pod: Pod): void {
  queue.delete(uidOf(pod));
  nominations.delete(uidOf(pod));
  cache.setPod(pod);
  queue.onEvent({ actions: Action.assignedPodAdd, pod });
}

function changed({ cache, queue }: ChangeSinks, pod: Pod, oldPod: Pod): void {
  cache.setPod(pod);
  let actions = 0;
  if (differ(pod.metadata.labels, oldPod.metadata.labels)) actions |= Action.assignedPodLabel;
  if (pod.metadata.generation !== oldPod.metadata.generation) actions |= Action.assignedPodScaleDown;
  if (actions !== 0) queue.onEvent({ actions, pod, oldPod });
}

function gone({ cache, queue, nominations }: ChangeSinks, pod: Pod): void {
  queue.delete(uidOf(pod));
  nominations.delete(uidOf(pod));
  cache.removePod(uidOf(pod));
  if (pod.spec.nodeName || pod.status?.nominatedNodeName) {
    queue.onEvent({ actions: Action.assignedPodDelete, pod });
  }
}

/** Its binding may be on the way; changes of its status are the scheduler's own. */
function waitingChanged({ cache, queue }: ChangeSinks, pod: Pod, oldPod: Pod): void {
  if (cache.isAssumed(uidOf(pod))) return;
  let actions = 0;
  if (differ(pod.spec.schedulingGates, oldPod.spec.schedulingGates)) actions |= Action.ownGates;
  if (differ(pod.metadata.labels, oldPod.metadata.labels)) actions |= Action.ownLabel;
  if (differ(pod.spec.tolerations, oldPod.spec.tolerations)) actions |= Action.ownTolerations;
  if (pod.metadata.generation !== oldPod.metadata.generation) actions |= Action.ownOther;
  queue.update(new PodInfo(pod), { actions, pod, oldPod });
}

function uidOf({ metadata }: Pod): string {
  return metadata.uid ?? '';
}

function differ(a: unknown, b: unknown): boolean {
  return a !== b && JSON.stringify(a) !== JSON.stringify(b);
}
