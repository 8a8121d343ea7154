/**
 * Controllers under test, on an API in memory and a clock that is stepped by hand.
 */
import type { Event, KubeObject, Node, Pod, ResourceRef } from '@regatta/api';
import { ApiClient, type ResourceClient, resources } from '@regatta/client';
import {
  ClusterClock,
  constantTimeline,
  FakeClock,
  seededRandom,
  silentLogger,
  yieldToEventLoop,
} from '@regatta/runtime';
import { afterEach } from 'vitest';
import type { Controller, ControllerContext } from '../../src/framework/controller.ts';
import { SharedInformers } from '../../src/framework/shared-informers.ts';
import { TestApi } from './test-api.ts';

const SETTLED_AFTER = 12;
const running = new Set<TestCluster>();

afterEach(async () => {
  await Promise.all([...running].map((cluster) => cluster.stop()));
});

export class TestCluster {
  readonly clock = new FakeClock();
  readonly clusterClock: ClusterClock;
  readonly api = new TestApi(this.clock);
  readonly client = new ApiClient(this.api, { userAgent: 'test' });
  readonly context: ControllerContext;
  readonly #ended = new AbortController();
  readonly #runs: Promise<void>[] = [];

  constructor(speed = 1) {
    this.clusterClock = new ClusterClock(this.clock, constantTimeline(speed));
    const client = new ApiClient(this.api, {
      userAgent: 'kube-controller-manager',
      as: 'system:kube-controller-manager',
    });
    this.context = {
      client,
      informers: new SharedInformers({ client, clock: this.clock, logger: silentLogger }),
      clock: this.clock,
      clusterClock: this.clusterClock,
      random: seededRandom(7),
      logger: silentLogger,
    };
    running.add(this);
  }

  /** Makes the controllers, starts them, and waits until they have nothing to do. */
  async start(...makers: ((context: ControllerContext) => Controller)[]): Promise<void> {
    const controllers = makers.map((make) => make(this.context));
    this.context.informers.start(this.#ended.signal);
    for (const controller of controllers) {
      this.#runs.push(controller.run(this.#ended.signal).catch((error: unknown) => this.#report(error)));
    }
    await this.settle();
  }

  async stop(): Promise<void> {
    running.delete(this);
    this.#ended.abort(new Error('the test is over'));
    await Promise.all(this.#runs);
    await this.context.informers.stopped();
  }

  /** Lets everything happen that needs no time to pass: until the API has had no request for a while. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < SETTLED_AFTER; quiet++) {
      const before = this.api.memory.requests.length + this.api.memory.store.revision;
      await yieldToEventLoop();
      if (before !== this.api.memory.requests.length + this.api.memory.store.revision) quiet = 0;
    }
  }

  /** Moves time on and lets what follows from it happen. @param step at most this much at once, ms */
  async advance(ms: number, step = 1000): Promise<void> {
    for (let left = ms; left > 0; left -= step) {
      await this.clock.advance(Math.min(step, left));
      await this.settle();
    }
  }

  of<T extends KubeObject>(ref: ResourceRef<T>): ResourceClient<T> {
    return this.client.resource(ref);
  }

  async create<T extends KubeObject>(ref: ResourceRef<T>, object: T): Promise<T> {
    const created = await this.of(ref).create(object);
    await this.settle();
    return created;
  }

  /** Reads, changes, writes; `status` through the subresource when the change is to it alone. */
  async change<T extends KubeObject & { status?: unknown }>(
    ref: ResourceRef<T>,
    name: string,
    change: (object: T) => T,
    namespace = ref.namespaced ? 'default' : undefined,
  ): Promise<T> {
    const old = await this.of(ref).get(name, namespace);
    const next = change(old);
    const changed =
      next.status === old.status ? await this.of(ref).update(next) : await this.of(ref).updateStatus(next);
    await this.settle();
    return changed;
  }

  async list<T extends KubeObject>(ref: ResourceRef<T>, namespace?: string): Promise<T[]> {
    return (await this.of(ref).list({ namespace })).items;
  }

  /** Events as `Kind/name Type Reason: message`, in the order they were recorded. */
  async events(filter: (event: Event) => boolean = () => true): Promise<string[]> {
    const events = (await this.list(resources.events)).filter(filter);
    return events.map(
      ({ involvedObject, type, reason, message, source }) =>
        `${involvedObject.kind}/${involvedObject.name} ${type} ${reason} ${source?.component}: ${message}`,
    );
  }

  /** Writes by one controller's identity, as `VERB path`. */
  writesOf(serviceAccount: string): string[] {
    return this.api.memory.requests
      .filter(({ as, method }) => as === `system:serviceaccount:kube-system:${serviceAccount}` && method !== 'GET')
      .map(({ method, url }) => `${method} ${url}`);
  }

  /** What scheduler and kubelet do: bind every waiting Pod and make it ready. */
  async runPods(node = 'node-1'): Promise<void> {
    for (const pod of await this.list(resources.pods)) {
      if (pod.status?.phase !== undefined || pod.metadata.deletionTimestamp) continue;
      await this.makeReady(pod, node);
    }
    await this.settle();
  }

  async makeReady(pod: Pod, node: string): Promise<void> {
    const { name, namespace } = pod.metadata;
    const pods = this.of(resources.pods);
    await pods.subresource(name, 'binding', { target: { name: node } }, namespace);
    const bound = await pods.get(name, namespace);
    await pods.updateStatus({ ...bound, status: { phase: 'Running', conditions: [this.ready('True')] } });
  }

  ready(status: string): { type: string; status: string; lastTransitionTime: string } {
    return { type: 'Ready', status, lastTransitionTime: this.time() };
  }

  /** Kubelets confirm the end of Pods that are being deleted. */
  async endPods(filter: (pod: Pod) => boolean = () => true): Promise<void> {
    for (const pod of await this.list(resources.pods)) {
      if (!pod.metadata.deletionTimestamp || !filter(pod)) continue;
      const key = `${pod.metadata.namespace}/${pod.metadata.name}`;
      this.api.memory.store.remove('/pods', key, pod);
    }
    await this.settle();
  }

  time(): string {
    return `${new Date(this.clock.now()).toISOString().slice(0, 19)}Z`;
  }

  node(name: string, extra: Partial<Node> = {}): Node {
    const conditions = ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready'].map((type) => ({
      type,
      status: type === 'Ready' ? 'True' : 'False',
      reason: type === 'Ready' ? 'KubeletReady' : 'KubeletHasSufficient',
      message: 'kubelet is posting ready status',
      lastHeartbeatTime: this.time(),
      lastTransitionTime: this.time(),
    }));
    return { metadata: { name, ...extra.metadata }, spec: extra.spec ?? {}, status: { conditions } } as Node;
  }

  #report(error: unknown): void {
    if (!this.#ended.signal.aborted) throw error;
  }
}
