/**
 * What a controller is to the process that runs it, and what it is given.
 *
 * Invariants: a constructor only registers indexes and handlers (informers are not running yet); `run` starts working
 * once the informers it reads are synced and ends when the signal aborts.
 */
import { type ApiClient, EventRecorder, resources } from '@regatta/client';
import type { Clock, ClusterClock, Logger, Random } from '@regatta/runtime';
import type { SharedInformers } from './shared-informers.ts';

export interface Controller {
  readonly name: string;
  run(signal: AbortSignal): Promise<void>;
}

export interface ControllerContext {
  /** The process's own client; controllers act through `clientFor`. */
  readonly client: ApiClient;
  readonly informers: SharedInformers;
  readonly clock: Clock;
  readonly clusterClock: ClusterClock;
  readonly random: Random;
  readonly logger: Logger;
}

/** The API as a controller's service account sees it: audit logs and RBAC know each controller apart, as upstream's do. */
export function clientFor(context: ControllerContext, serviceAccount: string): ApiClient {
  return context.client.as(`system:serviceaccount:kube-system:${serviceAccount}`);
}

/** Events of a controller: `component` is what `kubectl describe` shows under From. */
export function recorderFor(context: ControllerContext, client: ApiClient, component: string): EventRecorder {
  const { clusterClock, random, logger } = context;
  return new EventRecorder({
    client: client.resource(resources.events),
    component,
    clock: clusterClock,
    random,
    logger,
  });
}
