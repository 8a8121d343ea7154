/**
 * A node in a test: an in-memory API, a clock that is stepped by hand, a seeded random source.
 */
import type { Event, Node, Pod } from '@regatta/api';
import { ApiClient, resources } from '@regatta/client';
import { MemoryTransport } from '@regatta/client/testing';
import { ClusterClock, constantTimeline, FakeClock, seededRandom, silentLogger } from '@regatta/runtime';
import type { ImageCatalogue } from '../../src/images/catalogue.ts';
import { Machine } from '../../src/node/machine.ts';
import type { NodeAgent } from '../../src/node/node-agent.ts';
import { runNode } from '../../src/node/run-node.ts';
import type { ManifestSource } from '../../src/pods/static/manifest-folder.ts';
import { MemoryDisk, type NodeDisk } from '../../src/storage/node-disk.ts';

export interface TestNodeOptions {
  readonly disk?: NodeDisk;
  readonly transport?: MemoryTransport;
  readonly real?: FakeClock;
  /** The node gets its range at once, as from the IPAM controller. */
  readonly podCidr?: string | undefined;
  readonly seed?: number;
  /** Its static Pods. */
  readonly manifests?: ManifestSource;
  readonly catalogue?: ImageCatalogue;
}

export class TestNode {
  readonly real: FakeClock;
  readonly clock: ClusterClock;
  readonly transport: MemoryTransport;
  readonly client: ApiClient;
  readonly disk: NodeDisk;
  readonly #power = new AbortController();
  agent: NodeAgent | undefined;

  constructor(readonly options: TestNodeOptions = {}) {
    this.real = options.real ?? new FakeClock();
    this.clock = new ClusterClock(this.real, constantTimeline(1));
    this.transport = options.transport ?? new MemoryTransport({ clock: this.real });
    this.client = new ApiClient(this.transport, { userAgent: 'test' });
    this.disk = options.disk ?? new MemoryDisk();
  }

  async start(): Promise<this> {
    const machine = new Machine({
      name: 'node-1',
      ip: '192.168.49.2',
      cpu: '4',
      memory: '16Gi',
      pods: '110',
      ephemeralStorage: '100Gi',
      labels: {},
    });
    const started = runNode({
      ...(this.options.catalogue === undefined ? {} : { catalogue: this.options.catalogue }),
      machine,
      disk: this.disk,
      client: this.client,
      clock: this.clock,
      random: seededRandom(this.options.seed ?? 7),
      logger: silentLogger,
      signal: this.#power.signal,
      ...(this.options.manifests === undefined ? {} : { manifests: this.options.manifests }),
    });
    void started.then((agent) => {
      this.agent = agent;
    });
    await this.until(() => this.agent !== undefined, 'the node is registered');
    if ('podCidr' in this.options && this.options.podCidr === undefined) return this;
    await this.giveRange(this.options.podCidr ?? '10.244.1.0/24');
    return this;
  }

  async giveRange(podCIDR: string): Promise<void> {
    await this.client
      .resource(resources.nodes)
      .patch('node-1', { type: 'merge', body: { spec: { podCIDR, podCIDRs: [podCIDR] } } });
    await this.until(() => this.agent?.network.ready === true, 'the range has arrived');
  }

  /** The process is gone, as after SIGKILL: nothing is written any more. */
  cutPower(): void {
    this.#power.abort(new Error('power off'));
  }

  /** Steps time in small steps until the condition holds. Fails after an hour of cluster time. */
  async until(condition: () => boolean | Promise<boolean>, what: string, step = 50): Promise<void> {
    const HOUR = 3_600_000;
    for (let gone = 0; gone < HOUR; gone += step) {
      if (await condition()) return;
      await this.real.advance(step);
    }
    throw new Error(`never happened: ${what}`);
  }

  async pod(name: string, namespace = 'default'): Promise<Pod | undefined> {
    return this.client
      .resource(resources.pods)
      .get(name, namespace)
      .catch(() => undefined);
  }

  node(): Promise<Node> {
    return this.client.resource(resources.nodes).get('node-1');
  }

  /** `Normal Pulled message` of a Pod or the Node, oldest first. */
  async events(name: string): Promise<string[]> {
    const { items } = await this.client.resource(resources.events).list();
    return items
      .filter((event: Event) => event.involvedObject.name === name)
      .sort((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion))
      .map(({ type, reason, message, count = 1 }) => `${type} ${reason} ${message}${count > 1 ? ` x${count}` : ''}`);
  }

  createPod(pod: Pod): Promise<Pod> {
    return this.client.resource(resources.pods).create({
      ...pod,
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace: 'default', generation: 1, ...pod.metadata },
      spec: { nodeName: 'node-1', restartPolicy: 'Always', terminationGracePeriodSeconds: 30, ...pod.spec },
      status: { phase: 'Pending', qosClass: 'BestEffort', ...pod.status },
    });
  }

  phase(name: string, phase: string): Promise<void> {
    return this.until(async () => (await this.pod(name))?.status?.phase === phase, `${name} is ${phase}`);
  }
}
