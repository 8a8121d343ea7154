/**
 * Puts the scheduler's parts together. Pure: no network, no process; main.ts and tests give it what it needs.
 */
import type { AnyClock } from '@regatta/client';
import type { Clock, Logger, Random } from '@regatta/runtime';
import type { ChangeSinks } from './api/cluster-changes.ts';
import { MatchingPods } from './cache/matching-pods.ts';
import { SchedulerCache } from './cache/scheduler-cache.ts';
import { DecisionLog } from './cycle/decision-log.ts';
import { NodeFinder } from './cycle/find-nodes.ts';
import { Nominations } from './cycle/nominations.ts';
import { Scheduler } from './cycle/scheduler.ts';
import type { SchedulerApi } from './cycle/scheduler-api.ts';
import { defaultProfile } from './default-profile.ts';
import { Framework } from './framework/framework.ts';
import type { DefaultSpread } from './plugins/default-spread.ts';
import type { NamespaceLabels } from './plugins/inter-pod-affinity.ts';
import { SchedulingQueue } from './queue/scheduling-queue.ts';

export const DEFAULT_SCHEDULER_NAME = 'default-scheduler';

export interface AssembleOptions {
  readonly api: SchedulerApi;
  readonly spread: DefaultSpread;
  readonly namespaceLabels: NamespaceLabels;
  /** Cluster time: back-offs. */
  readonly clock: AnyClock;
  readonly realClock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly schedulerName?: string;
  /** How many nodes are enough to score, in per cent; by the size of the cluster when 0 or left out. */
  readonly percentageOfNodesToScore?: number;
}

export interface Assembled extends ChangeSinks {
  readonly scheduler: Scheduler;
  readonly decisions: DecisionLog;
}

export function assembleScheduler(options: AssembleOptions): Assembled {
  const { api, clock, realClock, random, logger, namespaceLabels } = options;
  const cache = new SchedulerCache();
  const nominations = new Nominations();
  const decisions = new DecisionLog();
  const spread = { matching: new MatchingPods(cache), defaults: options.spread };
  const profile = { cluster: cache, finder: (): NodeFinder => finder, api, logger, spread, namespaceLabels };
  const framework = new Framework(defaultProfile(profile));
  const finder = new NodeFinder(framework, cache, nominations, options.percentageOfNodesToScore ?? 0);
  const queue = new SchedulingQueue({
    clock,
    preEnqueue: (pod) => framework.preEnqueue(pod),
    hints: new Map(framework.plugins.flatMap(({ name, events }) => (events ? [[name, events] as const] : []))),
  });
  const parts = { cache, queue, framework, finder, nominations, api, decisions, clock: realClock, random, logger };
  const schedulerName = options.schedulerName ?? DEFAULT_SCHEDULER_NAME;
  return { scheduler: new Scheduler(parts), cache, queue, nominations, decisions, schedulerName };
}
