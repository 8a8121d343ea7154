/**
 * A scheduler without a network: nodes and Pods are given by hand, what it asks of the API is written down.
 */
import type { Node, Pod, PodSpec, Taint } from '@regatta/api';
import { FakeClock, seededRandom, silentLogger } from '@regatta/runtime';
import { nodeHandler, podHandler } from '../src/api/cluster-changes.ts';
import { type Assembled, assembleScheduler } from '../src/assemble.ts';
import type { SchedulerApi, SchedulingEvent, StatusChange } from '../src/cycle/scheduler-api.ts';
import type { DefaultSpread } from '../src/plugins/default-spread.ts';

export interface NodeOptions {
  readonly cpu?: string;
  readonly memory?: string;
  readonly pods?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly Taint[];
  readonly unschedulable?: boolean;
  readonly images?: readonly { readonly names: string[]; readonly sizeBytes: number }[];
}

export function makeNode(name: string, options: NodeOptions = {}): Node {
  const { cpu = '4', memory = '8Gi', pods = '110', labels, taints, unschedulable, images } = options;
  return {
    metadata: { name, uid: `uid-${name}`, labels: { 'kubernetes.io/hostname': name, ...labels } },
    spec: { ...(taints && { taints: [...taints] }), ...(unschedulable && { unschedulable }) },
    status: { allocatable: { cpu, memory, pods }, ...(images && { images: [...images] }) },
  };
}

export interface PodOptions extends Partial<PodSpec> {
  readonly labels?: Readonly<Record<string, string>>;
  readonly requests?: Readonly<Record<string, string>>;
  readonly hostPort?: number;
  readonly image?: string;
  readonly generation?: number;
}

export function makePod(name: string, options: PodOptions = {}): Pod {
  const { labels, requests, hostPort, image = 'nginx:1.27', generation = 1, ...spec } = options;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', uid: `uid-${name}`, generation, labels: { ...labels } },
    spec: {
      containers: [
        {
          name: 'c',
          image,
          ...(requests && { resources: { requests: { ...requests } } }),
          ...(hostPort !== undefined && { ports: [{ containerPort: 80, hostPort, protocol: 'TCP' }] }),
        },
      ],
      schedulerName: 'default-scheduler',
      priority: 0,
      ...spec,
    },
    status: { phase: 'Pending' },
  };
}

export class FakeApi implements SchedulerApi {
  /** `name → node` */
  readonly bound: string[] = [];
  /** `type reason name: note` */
  readonly events: string[] = [];
  readonly statuses = new Map<string, StatusChange>();
  readonly evicted: string[] = [];
  readonly pods = new Map<string, Pod>();
  bindError: Error | undefined;

  async bind(pod: Pod, nodeName: string): Promise<void> {
    if (this.bindError) throw this.bindError;
    this.bound.push(`${pod.metadata.name} → ${nodeName}`);
  }

  changeStatus(pod: Pod, change: StatusChange): void {
    this.statuses.set(pod.metadata.name, change);
  }

  event(regarding: Pod, _related: Pod | undefined, { type, reason, note }: SchedulingEvent): void {
    this.events.push(`${type} ${reason} ${regarding.metadata.name}: ${note}`);
  }

  async evict(victim: Pod): Promise<void> {
    this.evicted.push(victim.metadata.name);
  }

  unassigned(pod: Pod): Pod | undefined {
    return this.pods.get(pod.metadata.name);
  }
}

export class World {
  readonly clock = new FakeClock();
  readonly api = new FakeApi();
  readonly assembled: Assembled;
  readonly #nodes = new Map<string, Node>();
  readonly #signal = new AbortController().signal;

  constructor(options: { readonly spread?: DefaultSpread; readonly percentageOfNodesToScore?: number } = {}) {
    this.assembled = assembleScheduler({
      api: this.api,
      spread: options.spread ?? { selectorFor: () => undefined },
      namespaceLabels: (namespace) => ({ 'kubernetes.io/metadata.name': namespace }),
      clock: this.clock,
      realClock: this.clock,
      random: seededRandom(7),
      logger: silentLogger,
      percentageOfNodesToScore: options.percentageOfNodesToScore ?? 0,
    });
  }

  node(name: string, options: NodeOptions = {}): void {
    const node = makeNode(name, options);
    const old = this.#nodes.get(name);
    this.#nodes.set(name, node);
    const handler = nodeHandler(this.assembled);
    if (old) handler.onUpdate?.(node, old);
    else handler.onAdd?.(node);
  }

  removeNode(name: string): void {
    const node = this.#nodes.get(name);
    this.#nodes.delete(name);
    if (node) nodeHandler(this.assembled).onDelete?.(node);
  }

  /** Adds or changes a Pod, as an informer would tell. */
  pod(name: string, options: PodOptions = {}): Pod {
    return this.setPod(makePod(name, options));
  }

  setPod(pod: Pod): Pod {
    const old = this.api.pods.get(pod.metadata.name);
    this.api.pods.set(pod.metadata.name, pod);
    const handler = podHandler(this.assembled);
    if (old) handler.onUpdate?.(pod, old);
    else handler.onAdd?.(pod);
    return pod;
  }

  removePod(name: string): void {
    const pod = this.api.pods.get(name);
    this.api.pods.delete(name);
    if (pod) podHandler(this.assembled).onDelete?.(pod);
  }

  /** Schedules all that waits, and lets bindings end. */
  async schedule(): Promise<void> {
    this.assembled.scheduler.scheduleWaiting(this.#signal);
    await this.clock.advance(0);
  }

  /** Where a Pod was bound to. */
  nodeOf(name: string): string | undefined {
    return this.api.bound.findLast((line) => line.startsWith(`${name} → `))?.split(' → ')[1];
  }

  /** What a Pod that fits nowhere was told. */
  messageOf(name: string): string | undefined {
    return this.api.statuses.get(name)?.condition?.message;
  }
}
