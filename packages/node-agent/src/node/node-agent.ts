/**
 * One emulated node: puts kubelet, runtime and network of a machine together and runs them until the signal aborts.
 *
 * A process may hold many of these; they share nothing but the clock and the connection to the bus. Ending one without
 * its signal (SIGKILL of the process) is the machine losing power; what the disk holds is what the next start finds.
 */
import type { ConfigMap, Lease, Node, Pod, RuntimeClass, Secret, Service, Taint } from '@regatta/api';
import type { ClusterClock, Logger, Random } from '@regatta/runtime';
import type { EventSink, ObjectApi, ObjectGetter } from '../api/ports.ts';
import { ContainerStarter } from '../containers/container-starter.ts';
import { ContainerStopper } from '../containers/container-stopper.ts';
import { ImagePuller } from '../containers/image-puller.ts';
import { HookRunner } from '../handlers/hook-runner.ts';
import { Prober } from '../handlers/prober.ts';
import { ImageCatalogue } from '../images/catalogue.ts';
import type { PodNetwork } from '../network/pod-network.ts';
import type { Uplink } from '../network/service-router.ts';
import type { NetworkObjects } from '../network/service-table.ts';
import { setUpNetwork } from '../network/set-up-network.ts';
import { MemoryPressure } from '../pods/memory-pressure.ts';
import { PodManager } from '../pods/pod-manager.ts';
import type { ManifestSource } from '../pods/static/manifest-folder.ts';
import { StaticPods } from '../pods/static/static-pods.ts';
import { StatusManager } from '../pods/status-manager.ts';
import { ProbeManager } from '../probes/probe-manager.ts';
import { EmulatedRuntime } from '../runtime/emulated-runtime.ts';
import { FileSpace, NODE_LIMIT_BYTES } from '../runtime/filesystem/file-space.ts';
import type { ContainerFileSystem } from '../runtime/filesystem/file-system.ts';
import { ImageStore } from '../runtime/image-store.ts';
import type { NodeDisk } from '../storage/node-disk.ts';
import type { VolumeSources } from '../volumes/volume-content.ts';
import type { Machine } from './machine.ts';
import { loadIdentity } from './node-identity.ts';
import { NodeLease } from './node-lease.ts';
import { NodeReporter } from './node-reporter.ts';
import type { NodeFacts } from './node-status.ts';
import { NodeVolumes } from './node-volumes.ts';

/** What the node asks of the API. */
export interface NodeApi {
  readonly nodes: ObjectApi<Node>;
  readonly pods: ObjectApi<Pod>;
  readonly leases: ObjectApi<Lease>;
  readonly configMaps: ObjectGetter<ConfigMap>;
  readonly secrets: ObjectGetter<Secret>;
  readonly runtimeClasses: ObjectGetter<RuntimeClass>;
  /** Watched from the first call on. */
  services(): Promise<readonly Service[]>;
  /** Followed from the first connection that needs them on. */
  readonly network: NetworkObjects;
  requestToken: VolumeSources['requestToken'];
}

export interface NodeAgentOptions {
  readonly machine: Machine;
  readonly disk: NodeDisk;
  readonly api: NodeApi;
  readonly events: EventSink;
  readonly clock: ClusterClock;
  readonly random: Random;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly clusterDns: string;
  readonly clusterDomain: string;
  /** Taints that the Node gets when it is made. */
  readonly taints: readonly Taint[];
  readonly catalogue?: ImageCatalogue;
  /** The machine's static Pods. */
  readonly manifests?: ManifestSource;
  /** What the files of all nodes of this process hold. */
  readonly space?: FileSpace;
  readonly uplink: Uplink;
}

export class NodeAgent {
  readonly runtime: EmulatedRuntime;
  readonly network: PodNetwork;
  readonly pods: PodManager;
  readonly reporter: NodeReporter;
  readonly #images: ImageStore;
  /** What the machine's files hold in all. */
  readonly #space: FileSpace;
  readonly #volumes: NodeVolumes;
  readonly #probes: ProbeManager;
  readonly #statics: StaticPods | undefined;
  readonly #pressure: MemoryPressure;
  readonly #identity;

  constructor(private readonly options: NodeAgentOptions) {
    const { machine, disk, clock, random, logger, catalogue = new ImageCatalogue() } = options;
    this.#identity = loadIdentity(disk, random);
    const parent = this.options.space;
    this.#space = new FileSpace({ limit: NODE_LIMIT_BYTES, ...(parent === undefined ? {} : { parent }) });
    const { clusterDns, clusterDomain, uplink, api } = options;
    this.network = setUpNetwork({ machine, objects: api.network, uplink, clusterDns, clusterDomain, clock, random });
    this.#images = new ImageStore(catalogue, clock, disk);
    this.runtime = new EmulatedRuntime({
      clock,
      random,
      logger,
      disk,
      network: this.network,
      images: this.#images,
      space: this.#space,
      machine: machine.size,
    });
    this.#pressure = this.#makePressure();
    this.reporter = this.#makeReporter();
    this.#volumes = this.#makeVolumes();
    const { pods, probes, statics } = this.#makePods();
    this.pods = pods;
    this.#probes = probes;
    this.#statics = statics;
  }

  get name(): string {
    return this.options.machine.name;
  }

  /** Registers, and renews the lease until the signal aborts. Resolves when the API knows the node. */
  async start(): Promise<void> {
    const { api, clock, logger, signal } = this.options;
    this.reporter.event('Normal', 'Starting', 'Starting kubelet.');
    await this.reporter.register();
    this.reporter.event('Normal', 'NodeAllocatableEnforced', 'Updated Node Allocatable limit across pods');
    const lease = new NodeLease({
      leases: api.leases,
      clock,
      logger,
      nodeName: this.name,
      node: () => this.reporter.node,
    });
    void lease.run(signal);
    this.#pressure.start();
    await this.#statics?.start();
    signal.addEventListener('abort', () => this.#close(), { once: true });
  }

  /** The Pods that the API has for this node are known. */
  async podsKnown(): Promise<void> {
    await this.pods.cleanUp();
    this.#statics?.synced();
  }

  /** The machine loses power, after the signal aborted: its containers are gone at once. */
  powerOff(): void {
    this.runtime.powerOff();
    this.#volumes.powerOff();
  }

  /** The machine's own files. */
  files(): ContainerFileSystem {
    return this.#volumes.disk().files;
  }

  /** The API has this state of the node's own object. */
  observeNode(node: Node): void {
    this.#takeRange(node);
    this.reporter.observe(node);
  }

  #takeRange({ spec: { podCIDR } }: Node): void {
    if (podCIDR === undefined || this.network.ready) return;
    this.network.setRange(podCIDR);
    this.pods.wakeAll();
  }

  #close(): void {
    this.#pressure.close();
    this.pods.close();
    this.runtime.flush();
    this.#volumes.flush();
    this.#probes.close();
    this.reporter.close();
  }

  #facts(): NodeFacts {
    return {
      machine: this.options.machine,
      identity: this.#identity,
      runtimeVersion: `${this.runtime.name}://${this.runtime.version}`,
      images: this.#images.list(),
      networkReady: this.network.ready,
      memoryPressure: this.#pressure.isUnder,
      now: this.options.clock.now(),
    };
  }

  #makePressure(): MemoryPressure {
    return new MemoryPressure({
      clock: this.options.clock,
      memory: () => this.runtime.machineMemory(),
      pods: () => this.pods.active(),
      usage: ({ metadata: { uid = '' } }) =>
        new Map(this.runtime.containers(uid).map(({ id, name }) => [name, this.runtime.memoryUsed(id)])),
      evict: (uid, message) => this.pods.evict(uid, message),
      onChange: (isUnder) => {
        if (isUnder) this.reporter.event('Warning', 'EvictionThresholdMet', 'Attempting to reclaim memory');
        this.reporter.wake();
      },
    });
  }

  #makeReporter(): NodeReporter {
    const { api, clock, logger, events, signal, taints } = this.options;
    return new NodeReporter({
      nodes: api.nodes,
      clock,
      logger,
      events,
      signal,
      taints,
      facts: () => this.#facts(),
      onFound: (node) => this.#takeRange(node),
    });
  }

  #makeVolumes(): NodeVolumes {
    const { machine, disk, api, events, clock, random, logger, clusterDns, clusterDomain } = this.options;
    return new NodeVolumes({
      machine,
      disk,
      containers: this.runtime,
      sources: { configMaps: api.configMaps, secrets: api.secrets, requestToken: api.requestToken },
      network: { nodeName: machine.name, nodeIp: machine.ip, clusterDns, clusterDomain },
      images: this.#images,
      clock,
      random,
      logger,
      events,
      space: this.#space,
      evict: (podUid, message) => this.pods.evict(podUid, message),
    });
  }

  #makePods(): {
    readonly pods: PodManager;
    readonly probes: ProbeManager;
    readonly statics: StaticPods | undefined;
  } {
    const { machine, api, events, clock, random, logger, signal } = this.options;
    const { runtime, network } = this;
    const dial = (ip: string, port: number) => network.connect(machine.ip, { ip, port });
    const hooks = new HookRunner(runtime, dial, clock, events);
    const stopper = new ContainerStopper(runtime, hooks, events, clock);
    const puller = new ImagePuller({ images: this.#images, secrets: api.secrets, clock, events });
    const { memoryBytes } = machine.size;
    const sources = { configMaps: api.configMaps, secrets: api.secrets, services: () => api.services() };
    const starter = new ContainerStarter({ runtime, puller, hooks, stopper, events, sources, memoryBytes });
    const probes = new ProbeManager({
      clock,
      random,
      prober: new Prober(runtime, dial, clock),
      events,
      podIp: (uid) => runtime.sandboxes(uid).at(-1)?.ip ?? '',
      onVerdict: (uid) => pods.changed(uid),
    });
    const statuses = new StatusManager({
      pods: api.pods,
      clock: clock.real,
      logger,
      signal,
      onGone: (uid) => pods.removeByUid(uid),
    });
    const { name, ip, allocatable } = machine;
    const node = { name, ip, allocatable, clusterDomain: this.options.clusterDomain };
    const { runtimeClasses } = api;
    const shared = { node, clock, logger, signal, events, runtime, network, statuses, runtimeClasses };
    const pods: PodManager = new PodManager(
      { ...shared, starter, stopper, puller, probes, volumes: this.#volumes },
      () => this.reporter.node,
      () => this.#pressure.isUnder,
    );
    return { pods, probes, statics: this.#makeStatics(pods, statuses) };
  }

  #makeStatics(pods: PodManager, statuses: StatusManager): StaticPods | undefined {
    const { manifests: source, api, clock, logger, signal } = this.options;
    if (source === undefined) return undefined;
    const statics = new StaticPods({
      source,
      nodeName: this.name,
      node: () => this.reporter.node,
      pods: api.pods,
      statuses,
      clock,
      logger,
      signal,
      run: (pod, reportTo, onDone) => pods.runStatic(pod, reportTo, onDone),
      end: (uid) => pods.removeByUid(uid),
    });
    pods.followStatic(statics);
    return statics;
  }
}
