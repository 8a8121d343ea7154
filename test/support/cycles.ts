/**
 * Stops and starts of a whole cluster with work on it: every way of stopping, in the middle of everything, seeded.
 *
 * Owns: the cluster and what is expected of it. After each start the expectation is checked as a whole (`check`): nodes
 * by identity, Pods by uid, restarts by boots, addresses, acknowledged writes, processes, leftovers.
 */
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import type {
  ConfigMap,
  Deployment,
  EndpointSlice,
  Event,
  KubeObject,
  Node,
  Pod,
  Service,
  StatefulSet,
} from '@regatta/api';
import { type ApiClient, type ResourceClient, resources } from '@regatta/client';
import { type Random, seededRandom } from '@regatta/runtime';
import { eventually, regatta, TestCluster } from './cluster.ts';
import { stillRunning } from './processes.ts';

const NAMESPACE = 'default';
export const STOPS = [
  'down',
  'SIGINT',
  'SIGTERM',
  'SIGHUP',
  'kill-supervisor',
  'kill-all',
  'mid-start',
  'twice',
] as const;
export type Stop = (typeof STOPS)[number];
/** What is under way when the cluster stops. */
export const MOMENTS = ['idle', 'edit', 'rollout', 'scale', 'node-loss', 'termination', 'ordinal-deleted'] as const;
export type Moment = (typeof MOMENTS)[number];
/** Real milliseconds until everything expected must be true again. At speed 20 an eviction takes 20 s, a back-off of 40 s two. */
const CONVERGES_MS = 60_000;
const SPEED = 20;
const SPEED_20 = '{"segments":[{"from":0,"speed":20}]}';
const REPLICAS = [2, 3, 5] as const;

interface Machine {
  readonly uid: string;
  readonly ip: string;
  readonly podCidr: string;
}

export interface CycleFigures {
  readonly stop: Stop;
  readonly moment: Moment;
  /** Milliseconds of the start that led to a running cluster, and until everything expected was true. */
  readonly startMs: number;
  readonly convergedMs: number;
  readonly stateBytes: number;
  readonly logBytes: number;
  readonly events: number;
}

export class CycleRun {
  readonly #random: Random;
  readonly #machines = new Map<string, Machine>();
  readonly #restarts = new Map<string, number>();
  /** Pods whose uid must stay: nothing was done that replaces them. */
  #pods = new Map<string, string>();
  #clusterIp = '';
  #replicas = 3;
  #template = 'a';
  #acknowledged = 0;
  #attempted = 0;
  #bootsSinceCheck = 0;

  private constructor(
    readonly cluster: TestCluster,
    seed: number,
  ) {
    this.#random = seededRandom(seed);
  }

  static async start(seed: number): Promise<CycleRun> {
    const cluster = await TestCluster.start({ nodes: 3, speed: SPEED });
    const run = new CycleRun(cluster, seed);
    await run.#with((api) => createWorkload(api));
    await run.check();
    return run;
  }

  async dispose(): Promise<void> {
    await this.cluster.dispose();
  }

  pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random.next() * from.length)] as T;
  }

  /** One stop in the middle of something, one start, one look at everything. @throws Error with what is not as it must be */
  async cycle(stop: Stop, moment: Moment): Promise<CycleFigures> {
    await this.#with((api) => this.#begin(api, moment));
    const before = await this.#processes();
    const left = stillRunning(before);
    await this.#stop(stop, before);
    const began = performance.now();
    await this.cluster.up();
    const startMs = performance.now() - began;
    this.#bootsSinceCheck++;
    await this.check(left);
    const state = path.join(this.cluster.dataDir, 'state');
    return {
      stop,
      moment,
      startMs,
      convergedMs: performance.now() - began,
      stateBytes: sizeOf(state),
      logBytes: sizeOf(path.join(this.cluster.dataDir, 'logs')),
      events: (await this.#events()).length,
    };
  }

  /** @param left which processes of before the last stop still run: none may */
  async check(left: () => readonly number[] = () => []): Promise<void> {
    await this.#converge();
    // What a moment took away is made again: the next cycle begins like this one.
    if (await this.#with((api) => replaceLonePod(api))) await this.#converge();
    await eventually('the processes of before are gone', async () => left().length === 0, 15_000);
    const running = await this.#processes();
    const strangers = processesNaming(this.cluster.dataDir).filter((pid) => !running.includes(pid));
    if (strangers.length > 0) throw new Error(`processes that nobody knows of: ${strangers.join(', ')}`);
    await this.#with((api) => this.#remember(api));
  }

  async #converge(): Promise<void> {
    let wrong = 'nothing was looked at';
    try {
      await this.#with((api) =>
        eventually(
          'everything is as it must be',
          async () => {
            wrong = await this.#problem(api);
            return wrong === '';
          },
          CONVERGES_MS,
        ),
      );
    } catch (error) {
      const pods = await this.#with((api) => list<Pod>(api.resource(resources.pods)));
      throw new Error(`after ${CONVERGES_MS} ms ${wrong}:\n${pods.map(describe).join('\n')}`, { cause: error });
    }
  }

  // What is under way when it stops

  async #begin(api: ApiClient, moment: Moment): Promise<void> {
    const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, this.#random.next() * ms));
    const pods = api.resource(resources.pods);
    switch (moment) {
      case 'idle':
        return;
      case 'edit':
        for (let i = 0; i < 5; i++) await this.#edit(api);
        // The last one may or may not have been written when everything stops.
        void this.#edit(api).catch(() => {});
        return;
      case 'rollout':
        this.#template = `${this.#template}x`;
        await this.#patchDeployment(api, { template: { metadata: { annotations: { version: this.#template } } } });
        this.#forgetPods('web-');
        return wait(600);
      case 'scale':
        this.#replicas = this.pick(REPLICAS.filter((replicas) => replicas !== this.#replicas));
        await this.#patchDeployment(api, { replicas: this.#replicas });
        this.#forgetPods('web-');
        return wait(400);
      case 'node-loss':
        await this.#ask({ op: 'kill', process: this.pick(['node-1', 'node-2', 'node-3']) });
        // A later start switches every machine on again. By then its Pods may have been given up, or not.
        this.#forgetPods('');
        return wait(4_000);
      case 'termination':
        await pods.delete('lone', { namespace: NAMESPACE });
        this.#pods.delete('lone');
        return wait(1_000);
      case 'ordinal-deleted':
        await pods.delete('db-0', { namespace: NAMESPACE });
        this.#pods.delete('db-0');
        return wait(500);
    }
  }

  async #edit(api: ApiClient): Promise<void> {
    const value = ++this.#attempted;
    const body = { data: { value: String(value) } };
    await api.resource(resources.configMaps).patch('counter', { namespace: NAMESPACE, type: 'merge', body });
    this.#acknowledged = Math.max(this.#acknowledged, value);
  }

  #patchDeployment(api: ApiClient, spec: object): Promise<Deployment> {
    return api.resource(resources.deployments).patch('web', { namespace: NAMESPACE, type: 'merge', body: { spec } });
  }

  #forgetPods(prefix: string): void {
    for (const name of this.#pods.keys()) if (name.startsWith(prefix)) this.#pods.delete(name);
  }

  // Ways to stop

  async #stop(stop: Stop, pids: readonly number[]): Promise<void> {
    const { cluster } = this;
    switch (stop) {
      case 'down':
        await cluster.regatta('down');
        await cluster.end('SIGINT');
        return this.#requireTidy();
      case 'SIGINT':
      case 'SIGTERM':
      case 'SIGHUP':
        await cluster.end(stop);
        return this.#requireTidy();
      case 'kill-supervisor':
        return cluster.end('SIGKILL');
      case 'kill-all':
        for (const pid of pids) kill(pid);
        return cluster.end('SIGKILL');
      case 'twice': {
        const ended = cluster.end('SIGINT');
        await new Promise((resolve) => setTimeout(resolve, this.#random.next() * 100));
        cluster.signal('SIGINT');
        return ended;
      }
      case 'mid-start':
        await cluster.end('SIGINT');
        for (let i = 0; i < 3; i++) await this.#startAndStop();
    }
  }

  /** A start that somebody stops before it is through. */
  async #startAndStop(): Promise<void> {
    const { cluster } = this;
    this.#bootsSinceCheck++;
    const up = cluster.up().catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, this.#random.next() * 900));
    const how = this.pick(['down', 'SIGINT', 'SIGTERM', 'SIGKILL'] as const);
    if (how === 'down') await regatta(['--data-dir', cluster.dataDir, 'down']);
    // Before it listens there is nobody whom `down` could ask.
    await cluster.end(how === 'down' ? 'SIGINT' : how);
    await up;
  }

  /** Who was stopped, not killed, leaves no socket and no process. */
  #requireTidy(): void {
    const left = fs.readdirSync(path.join(this.cluster.dataDir, 'run'));
    if (left.length > 0) throw new Error(`left in run/: ${left.join(', ')}`);
    const processes = processesNaming(this.cluster.dataDir);
    if (processes.length > 0) throw new Error(`left running: ${processes.join(', ')}`);
  }

  // What must be true

  async #problem(api: ApiClient): Promise<string> {
    const nodes = await list<Node>(api.resource(resources.nodes));
    const pods = await list<Pod>(api.resource(resources.pods));
    return this.#nodeProblem(nodes) || this.#podProblem(pods) || (await this.#serviceProblem(api, pods));
  }

  #nodeProblem(nodes: readonly Node[]): string {
    if (nodes.length !== 3) return `there are ${nodes.length} nodes`;
    for (const node of nodes) {
      const { name } = node.metadata;
      if (conditionOf(node, 'Ready') !== 'True') return `${name} is not Ready`;
      if ((node.spec.taints ?? []).length > 0) return `${name} has taints`;
      const known = this.#machines.get(name);
      if (known && JSON.stringify(known) !== JSON.stringify(machineOf(node))) {
        return `${name} became another machine: ${JSON.stringify([known, machineOf(node)])}`;
      }
    }
    return '';
  }

  #podProblem(pods: readonly Pod[]): string {
    const web = pods.filter(({ metadata }) => metadata.labels?.['app'] === 'web');
    if (web.length !== this.#replicas) return `${web.length} Pods of the Deployment instead of ${this.#replicas}`;
    if (web.some(({ metadata }) => (metadata.annotations?.['version'] ?? 'a') !== this.#template))
      return 'the rollout is not through';
    const ordinals = pods
      .filter(({ metadata }) => metadata.labels?.['app'] === 'db')
      .map(({ metadata }) => metadata.name);
    if (ordinals.sort().join() !== 'db-0,db-1') return `the StatefulSet has ${ordinals.join()}`;
    for (const pod of pods) {
      const { name, uid } = pod.metadata;
      if (pod.metadata.deletionTimestamp) return `${name} still terminates`;
      if (pod.status?.phase !== 'Running' || conditionOf(pod, 'Ready') !== 'True') return `${name} is not Ready`;
      if (!this.#machines.has(pod.spec.nodeName ?? '') && this.#machines.size > 0) return `${name} is nowhere`;
      const kept = this.#pods.get(name);
      if (kept && kept !== uid) return `${name} was replaced`;
    }
    const names = new Set(pods.map(({ metadata }) => metadata.name));
    const lost = [...this.#pods.keys()].find((name) => !names.has(name));
    if (lost) return `${lost} was lost`;
    return this.#restartProblem(pods);
  }

  /** A boot starts containers again, once each. */
  #restartProblem(pods: readonly Pod[]): string {
    for (const pod of pods) {
      const before = this.#restarts.get(pod.metadata.uid ?? '');
      if (before === undefined || this.#bootsSinceCheck === 0) continue;
      const more = restartsOf(pod) - before;
      if (more < 1 || more > this.#bootsSinceCheck)
        return `${pod.metadata.name} restarted ${more} times in ${this.#bootsSinceCheck} boots`;
    }
    return '';
  }

  async #serviceProblem(api: ApiClient, pods: readonly Pod[]): Promise<string> {
    const service: Service = await api.resource(resources.services).get('web', NAMESPACE);
    if (this.#clusterIp !== '' && service.spec.clusterIP !== this.#clusterIp) return 'the Service has another address';
    const slices = await list<EndpointSlice>(api.resource(resources.endpointSlices), 'kubernetes.io/service-name=web');
    const ready = slices.flatMap(({ endpoints }) => endpoints ?? []).filter(({ conditions }) => conditions?.ready);
    const shown = ready.flatMap(({ addresses }) => addresses).sort();
    const real = pods
      .filter(({ metadata }) => metadata.labels?.['app'] === 'web')
      .map(({ status }) => status?.podIP ?? '');
    if (shown.join() !== real.sort().join()) return `endpoints are ${shown.join()}, Pods ${real.join()}`;
    if (new Set(pods.map(({ status }) => status?.podIP)).size !== pods.length) return 'two Pods have one address';
    const clock: ConfigMap = await api.resource(resources.configMaps).get('regatta-clock', 'kube-system');
    if (clock.data?.['timeline'] !== SPEED_20) return `the clock says ${clock.data?.['timeline']}`;
    const counter: ConfigMap = await api.resource(resources.configMaps).get('counter', NAMESPACE);
    const value = Number(counter.data?.['value']);
    if (value < this.#acknowledged || value > this.#attempted)
      return `the counter says ${value}, acknowledged was ${this.#acknowledged}`;
    return '';
  }

  /** What holds now must hold after the next start. */
  async #remember(api: ApiClient): Promise<void> {
    this.#bootsSinceCheck = 0;
    for (const node of await list<Node>(api.resource(resources.nodes)))
      this.#machines.set(node.metadata.name, machineOf(node));
    const service: Service = await api.resource(resources.services).get('web', NAMESPACE);
    this.#clusterIp = service.spec.clusterIP ?? '';
    const pods = await list<Pod>(api.resource(resources.pods));
    this.#pods = new Map(pods.map(({ metadata }) => [metadata.name, metadata.uid ?? '']));
    for (const pod of pods) this.#restarts.set(pod.metadata.uid ?? '', restartsOf(pod));
  }

  /** Cluster seconds since the least recent Event was last seen. */
  async oldestEventSeconds(): Promise<number> {
    const seen = (await this.#events()).map(({ metadata, lastTimestamp, series }) =>
      Date.parse(series?.lastObservedTime ?? lastTimestamp ?? metadata.creationTimestamp ?? ''),
    );
    return ((Date.now() - Math.min(...seen.filter((at) => !Number.isNaN(at)))) / 1000) * SPEED;
  }

  async #events(): Promise<readonly Event[]> {
    return this.#with(async (api) => (await api.resource(resources.events).list()).items);
  }

  // Ways to ask

  async #with<T>(use: (api: ApiClient) => Promise<T>): Promise<T> {
    const { client, close } = this.cluster.client();
    try {
      return await use(client);
    } finally {
      close();
    }
  }

  /** The processes of the cluster, the supervisor first. */
  async #processes(): Promise<number[]> {
    const { status } = await this.#ask({ op: 'status' });
    return [status?.pid ?? 0, ...(status?.processes ?? []).flatMap(({ pid }) => (pid === undefined ? [] : [pid]))];
  }

  #ask(request: object): Promise<{ status?: { pid: number; processes: { pid?: number }[] } }> {
    const socketPath = path.join(this.cluster.dataDir, 'run', 'control.sock');
    return new Promise((resolve, reject) => {
      const call = http.request({ socketPath, method: 'POST', path: '/' }, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => resolve(JSON.parse(text)));
      });
      call.once('error', reject).end(JSON.stringify(request));
    });
  }
}

async function createWorkload(api: ApiClient): Promise<void> {
  const template = (app: string): Deployment['spec']['template'] => ({
    metadata: { name: '', labels: { app } },
    spec: { containers: [{ name: 'main', image: 'nginx' }] },
  });
  const metadata = (name: string): KubeObject['metadata'] => ({ name, namespace: NAMESPACE });
  const selector = (app: string): { matchLabels: Record<string, string> } => ({ matchLabels: { app } });
  await api.resource(resources.deployments).create({
    metadata: metadata('web'),
    spec: { replicas: 3, selector: selector('web'), template: template('web') },
  } as Deployment);
  await api.resource(resources.services).create({
    metadata: metadata('web'),
    spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
  } as Service);
  await api.resource(resources.statefulSets).create({
    metadata: metadata('db'),
    spec: { replicas: 2, serviceName: 'db', selector: selector('db'), template: template('db') },
  } as StatefulSet);
  await api.resource(resources.configMaps).create({ metadata: metadata('counter'), data: { value: '0' } });
  await createLonePod(api);
}

/** A Pod that nobody would replace, and that takes its whole grace period to end. */
async function createLonePod(api: ApiClient): Promise<void> {
  await api.resource(resources.pods).create({
    metadata: { name: 'lone', namespace: NAMESPACE, labels: { app: 'lone' } },
    spec: {
      terminationGracePeriodSeconds: 10,
      tolerations: [{ operator: 'Exists' }],
      containers: [{ name: 'main', image: 'busybox', command: ['sleep', '1000000'] }],
    },
  });
}

/** @returns whether there was none */
async function replaceLonePod(api: ApiClient): Promise<boolean> {
  const pods = await list<Pod>(api.resource(resources.pods));
  if (pods.some(({ metadata }) => metadata.name === 'lone')) return false;
  await createLonePod(api);
  return true;
}

async function list<T extends KubeObject>(client: ResourceClient<T>, labelSelector?: string): Promise<T[]> {
  const { items } = await client.list(labelSelector === undefined ? {} : { labelSelector });
  return items.filter(({ metadata }) => metadata.namespace === undefined || metadata.namespace === NAMESPACE);
}

function machineOf({ metadata, spec, status }: Node): Machine {
  const ip = status?.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? '';
  return { uid: metadata.uid ?? '', ip, podCidr: spec.podCIDR ?? '' };
}

function conditionOf({ status }: Node | Pod, type: string): string | undefined {
  const conditions: readonly { type: string; status: string }[] = status?.conditions ?? [];
  return conditions.find((condition) => condition.type === type)?.status;
}

function describe(pod: Pod): string {
  const { metadata, spec, status } = pod;
  const { state } = status?.containerStatuses?.[0] ?? {};
  const end = metadata.deletionTimestamp ? ` deleted ${metadata.deletionTimestamp}` : '';
  const restarts = `restarts ${restartsOf(pod)}`;
  return `${metadata.name} on ${spec.nodeName} ${status?.phase} ready ${conditionOf(pod, 'Ready')} ${restarts} ${JSON.stringify(state)}${end}`;
}

function restartsOf({ status }: Pod): number {
  return status?.containerStatuses?.[0]?.restartCount ?? 0;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It had ended by itself.
  }
}

/** Where there is /proc: processes with this folder on their command line, zombies aside. */
function processesNaming(folder: string): number[] {
  if (!fs.existsSync('/proc/self/cmdline')) return [];
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => {
      try {
        return fs
          .readFileSync(`/proc/${name}/cmdline`, 'utf8')
          .split('\0')
          .some((arg) => arg.startsWith(folder));
      } catch {
        return false;
      }
    })
    .map(Number);
}

function sizeOf(folder: string): number {
  const entries = fs.readdirSync(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .reduce(
      (sum, entry) =>
        sum + (fs.statSync(path.join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0),
      0,
    );
}
