#!/usr/bin/env node
/**
 * The node-agent's process: one emulated machine, or `--count` of them. It becomes ready when every machine is registered.
 */
import { setMaxListeners } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectBus, processControl } from '@regatta/bus';
import { ApiClient, BusTransport, followClusterClock } from '@regatta/client';
import {
  ClusterClock,
  createLogger,
  endWithSupervisor,
  type Logger,
  reportProgress,
  SystemClock,
  shutdownSignal,
  systemRandom,
} from '@regatta/runtime';
import { type NodeAgentArguments, parseArguments, USAGE } from './arguments.ts';
import { busDial } from './network/bus-dial.ts';
import { KUBELET_VERSION, type Machine } from './node/machine.ts';
import { runNode } from './node/run-node.ts';
import { serveNode } from './server/serve-node.ts';
import { DirectoryDisk, MemoryDisk } from './storage/node-disk.ts';

/** Bundled next to this program. */
const FREEZER = fileURLToPath(new URL('./freezer.mjs', import.meta.url));

async function runMachine(
  machine: Machine,
  options: NodeAgentArguments,
  clock: ClusterClock,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  const user = `system:node:${machine.name}`;
  const credentials = options.credentials(machine.name);
  const alone = options.machines.length === 1;
  const bus = await connectBus({
    servers: options.bus,
    credentialsFile: credentials,
    user,
    clock: clock.real,
    logger,
    // A machine that shares its process can't take the others with it.
    ...(alone ? { control: processControl({ freezer: FREEZER, bus: options.bus, credentials, user, logger }) } : {}),
  });
  const client = new ApiClient(new BusTransport(bus), { userAgent: `kubelet/${KUBELET_VERSION}` });
  await followClusterClock(client, clock, logger, signal);
  const { nodeDir } = options;
  const disk = nodeDir === undefined ? new MemoryDisk() : new DirectoryDisk(nodeDir);
  const agent = await runNode({
    machine,
    disk,
    client,
    clock,
    random: systemRandom,
    logger,
    signal,
    taints: options.taints,
    dial: busDial(bus),
    ...(options.clusterDns === undefined ? {} : { clusterDns: options.clusterDns }),
  });
  serveNode({ bus, agent, clock, signal });
}

async function main(): Promise<void> {
  const options = parseArguments(process.argv.slice(2));
  const clock = new SystemClock();
  const logger = createLogger({ clock }, { component: 'node-agent', node: options.machines[0]?.name });
  endWithSupervisor(logger);
  const signal = shutdownSignal(logger);
  // Every machine of this process, and much in each, ends with this one signal.
  setMaxListeners(0, signal);
  signal.addEventListener('abort', () => process.exit(0), { once: true });
  // Machines of one process share their clock: cluster time is the same for all.
  const clusterClock = new ClusterClock(clock);
  await Promise.all(options.machines.map((machine) => runMachine(machine, options, clusterClock, logger, signal)));
  logger.info('the node is registered', {
    machines: options.machines.length,
    program: path.basename(process.argv[1] ?? ''),
  });
  reportProgress({ state: 'ready', detail: `${options.machines.length} machine(s)` });
}

main().catch((error: unknown) => {
  const reason = error instanceof Error ? error.message : String(error);
  process.stderr.write(`node-agent: ${reason}\n${USAGE}\n`);
  reportProgress({ state: 'failed', detail: reason });
  process.exitCode = 1;
});
