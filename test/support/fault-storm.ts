/**
 * Several faults at once, by chance, on a cluster that has work to do; then calm, and everything must be as it should.
 */
import { type ApiClient, resources } from '@regatta/client';
import { type Random, seededRandom } from '@regatta/runtime';
import { eventually, type TestCluster } from './cluster.ts';

const DEPLOYMENT = 'storm';
const COMPONENTS = ['apiserver', 'scheduler', 'controller-manager'];
const MOST_FAULTS = 4;
const MOST_REPLICAS = 9;
/** Real milliseconds within which the cluster is whole again. */
const CALM_MS = 90_000;

export interface StormFigures {
  readonly faults: readonly string[];
  /** Real milliseconds from the last healing until everything was as it should be. */
  readonly calmMs: number;
}

export class FaultStorm {
  readonly #random: Random;
  readonly #client: ApiClient;
  readonly close: () => void;
  #nodes: string[] = [];

  constructor(
    readonly cluster: TestCluster,
    readonly seed: number,
  ) {
    this.#random = seededRandom(seed);
    const { client, close } = cluster.client();
    this.#client = client;
    this.close = close;
  }

  async prepare(): Promise<void> {
    await this.cluster.kubectl('create', 'deployment', DEPLOYMENT, '--image=nginx', '--replicas=3');
    this.#nodes = (await this.#client.resource(resources.nodes).list()).items.map(({ metadata }) => metadata.name);
    await this.#calm(3);
  }

  /** @param forMs real milliseconds of storm */
  async round(forMs: number): Promise<StormFigures> {
    const faults = Array.from({ length: 1 + this.#below(MOST_FAULTS) }, () => this.#fault());
    // Whoever is frozen takes no other fault.
    faults.sort((a, b) => Number(a.includes('freeze')) - Number(b.includes('freeze')));
    for (const fault of faults) await this.cluster.regatta(...fault, '--for', `${forMs}ms`);
    const replicas = 1 + this.#below(MOST_REPLICAS);
    // What is asked during a storm may fail and be asked again, as people do.
    await eventually(
      'scaling',
      async () => {
        const scaled = await this.cluster.tryKubectl('scale', 'deployment', DEPLOYMENT, `--replicas=${replicas}`);
        return scaled.code === 0;
      },
      CALM_MS,
    );
    await new Promise((resolve) => setTimeout(resolve, forMs));
    const began = performance.now();
    await this.#calm(replicas);
    return { faults: faults.map((fault) => fault.join(' ')), calmMs: performance.now() - began };
  }

  #fault(): string[] {
    const ends = [...COMPONENTS, ...this.#nodes];
    const a = this.#pick(ends);
    const b = this.#pick(ends.filter((end) => end !== a));
    const direction = ['--direction', this.#pick(['both', 'in', 'out'])];
    return this.#pick([
      () => ['link', 'cut', a, b, ...direction],
      () => ['link', 'loss', a, b, `${10 + this.#below(80)}%`, ...direction],
      () => ['link', 'delay', a, b, `${10 + this.#below(500)}ms`, '--jitter', '100ms', ...direction],
      () => ['link', 'duplicate', a, b, '50%', ...direction],
      () => ['link', 'bandwidth', a, b, '20KiB', ...direction],
      () => [COMPONENTS.includes(a) ? 'component' : 'node', 'freeze', a],
      () => ['node', 'partition', this.#pick(this.#nodes)],
    ])();
  }

  /** Every node Ready, exactly the Pods that were asked for, all serving, none of them restarted. */
  async #calm(replicas: number): Promise<void> {
    const isTrue = (conditions: readonly { type: string; status: string }[] | undefined): boolean =>
      conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
    await eventually(
      `${replicas} Pods and every node ready`,
      async () => {
        const nodes = (await this.#client.resource(resources.nodes).list()).items;
        const pods = (await this.#client.resource(resources.pods).list({ namespace: 'default' })).items;
        const serving = pods.filter(
          ({ metadata, status }) =>
            metadata.deletionTimestamp === undefined &&
            status?.phase === 'Running' &&
            isTrue(status.conditions) &&
            status.containerStatuses?.every(({ restartCount }) => restartCount === 0),
        );
        return (
          nodes.every(({ status }) => isTrue(status?.conditions)) &&
          pods.length === replicas &&
          serving.length === replicas
        );
      },
      CALM_MS,
    );
  }

  #pick<T>(choices: readonly T[]): T {
    const choice = choices[this.#below(choices.length)];
    if (choice === undefined) throw new Error('nothing to choose from');
    return choice;
  }

  #below(limit: number): number {
    return Math.floor(this.#random.next() * limit);
  }
}
