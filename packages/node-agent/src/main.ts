#!/usr/bin/env node
/**
 * The node-agent's process: one emulated machine, or `--count` of them. It becomes ready when every machine is registered.
 */
import { setMaxListeners } from 'node:events';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { KUBERNETES_VERSION } from '@regatta/api';
import { type BusConnection, connectBus, processControl } from '@regatta/bus';
import { ApiClient, BusTransport, followClusterClock } from '@regatta/client';
import {
  ClusterClock,
  createLogger,
  endWithSupervisor,
  type Logger,
  reportProgress,
  SystemClock,
  serveHealth,
  shutdownSignal,
  systemRandom,
} from '@regatta/runtime';
import { type GivenPlace, type JoinPlace, type NodeAgentArguments, parseArguments, USAGE } from './arguments.ts';
import { BUILT_IN_IMAGES, ImageCatalogue } from './images/catalogue.ts';
import { enterCluster } from './join/join-cluster.ts';
import { BusUplink } from './network/bus-uplink.ts';
import type { Machine } from './node/machine.ts';
import { MachineHealth } from './node/machine-health.ts';
import { MachinePower } from './node/machine-power.ts';
import type { NodeAgent } from './node/node-agent.ts';
import { runNode } from './node/run-node.ts';
import { ManifestFolder } from './pods/static/manifest-folder.ts';
import { FileSpace, PROCESS_LIMIT_BYTES } from './runtime/filesystem/file-space.ts';
import { serveNode } from './server/serve-node.ts';
import { DirectoryDisk, MemoryDisk } from './storage/node-disk.ts';

/** Bundled next to this program. */
const FREEZER = fileURLToPath(new URL('./freezer.mjs', import.meta.url));

/** What all machines of this process share. */
interface Host {
  readonly options: NodeAgentArguments;
  /** Cluster time is the same for all. */
  readonly clock: ClusterClock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly health: MachineHealth;
  /** What the files of all machines hold. */
  readonly space: FileSpace;
  readonly catalogue: ImageCatalogue;
}

async function runMachine(
  { options, clock, logger, signal, health, space, catalogue }: Host,
  machine: Machine,
  bus: BusConnection,
): Promise<NodeAgent> {
  health.connected(bus);
  const client = new ApiClient(new BusTransport(bus), { userAgent: `kubelet/${KUBERNETES_VERSION}` });
  await followClusterClock(client, clock, logger, signal);
  const { nodeDir } = options;
  const staticPods = options.staticPods ?? (nodeDir && path.join(nodeDir, 'manifests'));
  if (staticPods) mkdirSync(staticPods, { recursive: true });
  const disk = nodeDir === undefined ? new MemoryDisk(false) : new DirectoryDisk(nodeDir);
  const agent = await runNode({
    machine,
    disk,
    catalogue,
    client,
    clock,
    space,
    random: systemRandom,
    logger,
    signal,
    taints: options.taints,
    uplink: new BusUplink(bus),
    ...(!staticPods ? {} : { manifests: new ManifestFolder(staticPods) }),
    ...(options.clusterDns === undefined ? {} : { clusterDns: options.clusterDns }),
  });
  serveNode({ bus, agent, clock, signal });
  health.registered();
  return agent;
}

/** What a machine connects to the bus with. */
interface BusPlace {
  readonly name: string;
  readonly busUrl: string;
  readonly credentialsFile: string;
}

function connect(
  { clock, logger }: Host,
  { name, busUrl, credentialsFile }: BusPlace,
  power?: MachinePower,
): Promise<BusConnection> {
  const user = `system:node:${name}`;
  const self = { freezer: FREEZER, bus: busUrl, credentials: credentialsFile, user, logger };
  return connectBus({
    servers: busUrl,
    credentialsFile,
    user,
    clock: clock.real,
    logger,
    control: power ?? processControl(self),
  });
}

/** Machines whose identities were given, each on the bus as itself. */
async function runGiven(host: Host, { bus, credentials, machines }: GivenPlace): Promise<void> {
  await Promise.all(
    machines.map(async (machine) => {
      const { name } = machine;
      const place = { name, busUrl: bus, credentialsFile: credentials(name) };
      if (machines.length > 1) await runSharing(host, machine, place);
      else await runMachine(host, machine, await connect(host, place));
    }),
  );
}

/** One machine of several: it can be switched off without the others. */
async function runSharing(host: Host, machine: Machine, place: BusPlace): Promise<void> {
  const power = new MachinePower(host.signal, host.logger.with({ node: place.name }));
  const bus = await connect(host, place, power);
  power.onLoss(() => {
    host.health.switchedOff(bus);
    void bus.sever();
  });
  try {
    const agent = await runMachine({ ...host, signal: power.signal }, machine, bus);
    power.onLoss(() => agent.powerOff());
  } catch (error) {
    // It lost power while it booted.
    if (!power.isOff) throw error;
  }
}

/** A machine that the cluster has to let in first. */
async function runJoining(host: Host, place: JoinPlace): Promise<void> {
  const { logger, signal } = host;
  const options = { ...place, clock: host.clock.real, random: systemRandom, logger, signal };
  const { machine, bus } = await enterCluster(options, async (given) => ({
    machine: place.machine(given.name, given.ip),
    bus: await connect(host, given),
  }));
  await runMachine(host, machine, bus);
}

/** The images there are, those of the user's folder over the built-in ones. @throws ImageFolderError */
async function catalogueWith(folder: string | undefined): Promise<ImageCatalogue> {
  if (folder === undefined) return new ImageCatalogue();
  const { loadImages } = await import('./images/own/load-images.ts');
  return new ImageCatalogue([...BUILT_IN_IMAGES, ...(await loadImages(folder))]);
}

async function main(): Promise<void> {
  const options = parseArguments(process.argv.slice(2), process.env);
  const { place } = options;
  const clock = new SystemClock();
  const name = place.kind === 'given' ? place.machines[0]?.name : place.name;
  const logger = createLogger({ clock }, { component: 'node-agent', node: name });
  endWithSupervisor(logger);
  const signal = shutdownSignal(logger);
  // Every machine of this process, and much in each, ends with this one signal.
  setMaxListeners(0, signal);
  // Machines write what they have not written yet first.
  signal.addEventListener('abort', () => queueMicrotask(() => process.exit(0)), { once: true });
  const machines = place.kind === 'given' ? place.machines.length : 1;
  const health = new MachineHealth(machines);
  if (options.healthAddress) await serveHealth(options.healthAddress, health.checks);
  const space = new FileSpace({ limit: PROCESS_LIMIT_BYTES });
  const catalogue = await catalogueWith(options.images);
  const host: Host = { options, clock: new ClusterClock(clock), logger, signal, health, space, catalogue };
  await (place.kind === 'given' ? runGiven(host, place) : runJoining(host, place));
  logger.info('the node is registered', { machines, program: path.basename(process.argv[1] ?? '') });
  reportProgress({ state: 'ready', detail: `${machines} machine(s)` });
}

main().catch((error: unknown) => {
  const reason = error instanceof Error ? error.message : String(error);
  process.stderr.write(`node-agent: ${reason}\n${USAGE}\n`);
  reportProgress({ state: 'failed', detail: reason });
  process.exitCode = 1;
});
