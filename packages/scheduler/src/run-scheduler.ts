/**
 * The scheduler on an API client: informers, handlers, the loop.
 */
import type { KubeObject, ResourceRef } from '@regatta/api';
import { type ApiClient, Informer, resources } from '@regatta/client';
import type { ClusterClock, Logger, Random } from '@regatta/runtime';
import { ClientSchedulerApi } from './api/client-scheduler-api.ts';
import { nodeHandler, podHandler } from './api/cluster-changes.ts';
import { type Assembled, assembleScheduler, DEFAULT_SCHEDULER_NAME } from './assemble.ts';
import { OwnerSpread } from './plugins/default-spread.ts';

export interface RunSchedulerOptions {
  readonly client: ApiClient;
  readonly clock: ClusterClock;
  readonly random: Random;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly percentageOfNodesToScore?: number;
  /** Called once everything is known and scheduling begins. */
  readonly onReady?: (scheduler: Assembled) => void;
}

/** Schedules until the signal aborts. */
export async function runScheduler(options: RunSchedulerOptions): Promise<void> {
  const { client, clock, random, logger, signal } = options;
  const informerFor = <T extends KubeObject>(ref: ResourceRef<T>): Informer<T> =>
    new Informer({ client: client.resource(ref), clock: clock.real, logger, random });
  const pods = informerFor(resources.pods);
  const nodes = informerFor(resources.nodes);
  const namespaces = informerFor(resources.namespaces);
  const sources = {
    services: informerFor(resources.services),
    replicationControllers: informerFor(resources.replicationControllers),
    replicaSets: informerFor(resources.replicaSets),
    statefulSets: informerFor(resources.statefulSets),
  };
  const api = new ClientSchedulerApi({
    client,
    informer: pods,
    schedulerName: DEFAULT_SCHEDULER_NAME,
    clock,
    random,
    logger,
  });
  const assembled = assembleScheduler({
    ...options,
    api,
    realClock: clock.real,
    spread: new OwnerSpread(sources),
    namespaceLabels: (namespace) => namespaces.get('', namespace)?.metadata.labels,
  });
  nodes.addHandler(nodeHandler(assembled));
  pods.addHandler(podHandler(assembled));
  const informers = [nodes, pods, namespaces, ...Object.values(sources)];
  const following = Promise.all(informers.map((informer) => informer.run(signal)));
  try {
    await Promise.all(informers.map((informer) => informer.whenSynced(signal)));
    options.onReady?.(assembled);
    await assembled.scheduler.run(signal);
    await following;
  } finally {
    assembled.queue.close();
    api.close();
  }
}
