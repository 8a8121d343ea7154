#!/usr/bin/env node
/**
 * The scheduler's process. It is ready when its informers have seen the cluster and scheduling has begun.
 */
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { connectBus, processControl } from '@regatta/bus';
import { ApiClient, BusTransport, followClusterClock, LeaderElector, resources } from '@regatta/client';
import {
  ClusterClock,
  ComponentHealth,
  createLogger,
  endWithSupervisor,
  reportProgress,
  SystemClock,
  serveHealth,
  shutdownSignal,
  systemRandom,
} from '@regatta/runtime';
import { parseArguments, USAGE } from './arguments.ts';
import { runScheduler } from './run-scheduler.ts';

const USER = 'system:kube-scheduler';
/** Bundled next to this program. */
const FREEZER = fileURLToPath(new URL('./freezer.mjs', import.meta.url));

async function main(): Promise<void> {
  const options = parseArguments(process.argv.slice(2));
  const realClock = new SystemClock();
  const logger = createLogger({ clock: realClock, level: options.logLevel }, { component: 'scheduler' });
  endWithSupervisor(logger);
  const signal = shutdownSignal(logger);
  signal.addEventListener('abort', () => process.exit(0), { once: true });
  const health = new ComponentHealth('informers');
  if (options.healthAddress) await serveHealth(options.healthAddress, health.checks);
  const { bus: servers, credentials } = options;
  const bus = await connectBus({
    servers,
    credentialsFile: credentials,
    user: USER,
    clock: realClock,
    logger,
    signal,
    control: processControl({ freezer: FREEZER, bus: servers, credentials, user: USER, logger }),
  });
  health.connected(bus);
  const client = new ApiClient(new BusTransport(bus), { userAgent: 'kube-scheduler' });
  const clock = new ClusterClock(realClock);
  await followClusterClock(client, clock, logger, signal);
  const onReady = (): void => {
    logger.info('scheduling');
    health.working();
    reportProgress({ state: 'ready' });
  };
  // Whoever stands by for the lease works as it should.
  if (options.leaderElect) health.working();
  const { percentageOfNodesToScore } = options;
  const run = (until: AbortSignal): Promise<void> =>
    runScheduler({ client, clock, random: systemRandom, logger, signal: until, percentageOfNodesToScore, onReady });
  if (!options.leaderElect) return run(signal);
  const elector = new LeaderElector({
    client: client.resource(resources.leases),
    namespace: 'kube-system',
    name: 'kube-scheduler',
    identity: `${hostname()}_${systemRandom.uuid()}`,
    clock,
    random: systemRandom,
    logger,
  });
  await elector.run(run, signal);
  // Whoever lost the lease must not go on with what it knew: a new process starts afresh, as upstream's does.
  throw new Error('leader election lost');
}

main().catch((error: unknown) => {
  const reason = error instanceof Error ? error.message : String(error);
  process.stderr.write(`scheduler: ${reason}\n${USAGE}\n`);
  reportProgress({ state: 'failed', detail: reason });
  process.exit(1);
});
