#!/usr/bin/env node
/**
 * The controller-manager's process. It becomes ready when every controller works.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { connectBus, processControl } from '@regatta/bus';
import { ApiClient, BusTransport } from '@regatta/client';
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
import { type ManagerArguments, parseArguments, USAGE } from './arguments.ts';
import type { SigningKeys } from './certificates/authority.ts';
import { runControllers } from './run-controllers.ts';

const USER = 'system:kube-controller-manager';
/** Bundled next to this program. */
const FREEZER = fileURLToPath(new URL('./freezer.mjs', import.meta.url));

async function readKeys({ certFile, keyFile }: NonNullable<ManagerArguments['signing']>): Promise<SigningKeys> {
  const [certificate, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')]);
  return { certificate, key };
}

async function main(): Promise<void> {
  const {
    bus: servers,
    credentials,
    rootCaFile,
    tokenKeyFile,
    signing,
    nodeLoss,
    clusterCidr,
    healthAddress,
  } = parseArguments(process.argv.slice(2));
  const clock = new SystemClock();
  const logger = createLogger({ clock }, { component: 'controller-manager' });
  endWithSupervisor(logger);
  const signal = shutdownSignal(logger);
  const health = new ComponentHealth('controllers');
  if (healthAddress) await serveHealth(healthAddress, health.checks);
  const control = processControl({ freezer: FREEZER, bus: servers, credentials, user: USER, logger });
  const bus = await connectBus({ servers, credentialsFile: credentials, user: USER, clock, logger, signal, control });
  health.connected(bus);
  const client = new ApiClient(new BusTransport(bus), { userAgent: 'kube-controller-manager' });
  await runControllers({
    client,
    clusterClock: new ClusterClock(clock),
    random: systemRandom,
    logger,
    signal,
    nodeLoss,
    clusterCidr,
    ...(rootCaFile === undefined ? {} : { readRootCa: () => readFile(rootCaFile, 'utf8') }),
    ...(tokenKeyFile === undefined ? {} : { readTokenKey: () => readFile(tokenKeyFile, 'utf8') }),
    ...(signing === undefined ? {} : { readSigningKeys: () => readKeys(signing) }),
    onReady: () => {
      health.working();
      logger.info('the controllers work', { nodeLoss, clusterCidr });
      reportProgress({ state: 'ready' });
    },
  });
  await bus.close();
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(`controller-manager: ${reason}\n${USAGE}\n`);
    reportProgress({ state: 'failed', detail: reason });
    process.exit(1);
  },
);
