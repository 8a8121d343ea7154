/**
 * Runs all controllers on one API connection: informers at once, controllers as soon as the cluster's clock and the
 * informers' first lists are there.
 */
import { setMaxListeners } from 'node:events';
import { type ApiClient, followClusterClock } from '@regatta/client';
import type { ClusterClock, Logger, Random } from '@regatta/runtime';
import { type ControllerOptions, makeControllers } from './controllers.ts';
import type { Controller } from './framework/controller.ts';
import { SharedInformers } from './framework/shared-informers.ts';

export interface RunOptions extends ControllerOptions {
  readonly client: ApiClient;
  readonly clusterClock: ClusterClock;
  readonly random: Random;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Called once when the controllers work. */
  readonly onReady: () => void;
}

/** Resolves when all have ended, after the signal aborted. @throws what ended a controller before that */
export async function runControllers(options: RunOptions): Promise<void> {
  const { client, clusterClock, random, logger, signal, onReady } = options;
  const clock = clusterClock.real;
  // Each informer, queue and controller listens to it once.
  setMaxListeners(0, signal);
  const informers = new SharedInformers({ client, clock, logger });
  const controllers = makeControllers({ client, informers, clock, clusterClock, random, logger }, options);
  informers.start(signal);
  try {
    await Promise.all([followClusterClock(client, clusterClock, logger, signal), informers.whenSynced(signal)]);
    const runs = controllers.map((controller) => runOne(controller, signal));
    onReady();
    await Promise.all(runs);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  await informers.stopped();
}

async function runOne(controller: Controller, signal: AbortSignal): Promise<void> {
  try {
    await controller.run(signal);
  } catch (error) {
    if (signal.aborted) return;
    throw new Error(`controller ${controller.name} ended`, { cause: error });
  }
}
