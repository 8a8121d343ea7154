/**
 * Faults by chance, one or two at a time, on a whole cluster: each ends by itself, after each everything must be as it was,
 * and no ordinal may be let go of while its machine can't be asked.
 */
import path from 'node:path';
import { type Random, seededRandom } from '@regatta/runtime';
import { eventually, fixtures, TestCluster } from './cluster.ts';
import { allServe } from './pods-under-fault.ts';
import { Recording } from './recording.ts';

/** Grace period 1.25 s, tolerations 7.5 s. */
const SPEED = 40;
const NODES = ['node-1', 'node-2', 'node-3'] as const;
const COMPONENTS = ['apiserver', 'scheduler', 'controller-manager', 'broker'] as const;
/** Real milliseconds that everything gets to be as it was. */
const RECOVERY = 120_000;
/** Real milliseconds in which what was on its way before a fault may still arrive. */
const ON_ITS_WAY = 2_000;

export interface RoundFigures {
  readonly what: string;
  /** Real milliseconds from the end of the last fault until all was as before. */
  readonly recoveryMs: number;
}

export class FaultRounds {
  readonly #random: Random;

  private constructor(
    readonly cluster: TestCluster,
    readonly recording: Recording,
    seed: number,
  ) {
    this.#random = seededRandom(seed);
  }

  static async start(seed: number): Promise<FaultRounds> {
    const cluster = await TestCluster.start({ speed: SPEED });
    const rounds = new FaultRounds(cluster, await Recording.start(cluster, { resumes: true }), seed);
    await cluster.kubectl('apply', '-f', path.join(fixtures, 'faults', 'workload.yaml'));
    await eventually('everything runs', () => rounds.isWhole());
    return rounds;
  }

  /** Sets faults, waits for their end, and for everything to be as it was. @throws Error when it isn't, or a promise broke */
  async round(): Promise<RoundFigures> {
    const seconds = 1 + Math.floor(this.#random.next() * 12);
    const faults = Array.from({ length: this.#random.next() < 0.3 ? 2 : 1 }, () => this.#pick());
    const what = faults.map((args) => args.join(' ')).join(' + ');
    const began = Date.now();
    for (const args of faults) await this.#set(args, seconds);
    await eventually(`the end of: ${what} for ${seconds}s`, async () =>
      (await this.cluster.regatta('faults')).startsWith('No fault is on'),
    );
    const ended = Date.now();
    for (const [verb, , name = ''] of faults.filter(([, op]) => op === 'kill'))
      if (verb) await this.cluster.regatta(verb, 'start', name);
    await eventually(`everything as before after: ${what} for ${seconds}s`, () => this.isWhole(), RECOVERY);
    this.#checkOrdinals(faults, began + ON_ITS_WAY, began + seconds * 1000, what);
    return { what, recoveryMs: Date.now() - ended };
  }

  async isWhole(): Promise<boolean> {
    const nodes = await this.cluster.kubectl('get', 'nodes', '--no-headers');
    if (nodes.includes('NotReady')) return false;
    return (await allServe(this.cluster, 'app=web', 3)) && (await allServe(this.cluster, 'app=db', 3));
  }

  /** Ends it. */
  async dispose(): Promise<void> {
    await this.recording.stop().finally(() => this.cluster.dispose());
  }

  /** The second of a pair may find its target dead, frozen or out of reach already: then it is none. */
  async #set(args: readonly string[], seconds: number): Promise<void> {
    const lasting = args[1] === 'kill' ? [] : ['--for', `${seconds}s`];
    await this.cluster.regatta(...args, ...lasting).catch((error: Error) => {
      if (!/can't be|can't be told|is not running|set through the broker|does not answer/.test(error.message))
        throw error;
    });
  }

  #pick(): string[] {
    const node = this.#one(NODES);
    const other = this.#one([...NODES.filter((name) => name !== node), 'apiserver']);
    const way = this.#one(['both', 'in', 'out']);
    return this.#one([
      ['node', 'freeze', node],
      ['node', 'partition', node],
      ['node', 'partition', node, '--direction', way],
      ['node', 'partition', node, '--from', other],
      ['node', 'kill', node],
      ['component', 'freeze', this.#one(COMPONENTS)],
      ['component', 'kill', this.#one(COMPONENTS)],
      ['link', 'delay', node, other, `${10 + Math.floor(this.#random.next() * 200)}ms`, '--jitter', '20ms'],
      ['link', 'loss', node, other, `${5 + Math.floor(this.#random.next() * 60)}%`],
      ['link', 'duplicate', node, other, '30%'],
      ['link', 'bandwidth', node, other, '20KiB'],
    ]);
  }

  #one<T>(choices: readonly [T, ...T[]] | readonly T[]): T {
    const found = choices[Math.floor(this.#random.next() * choices.length)];
    if (found === undefined) throw new Error('there is nothing to choose from');
    return found;
  }

  /** @throws Error when an ordinal was let go of while its machine was frozen or cut off: nobody could know that it ended */
  #checkOrdinals(faults: readonly (readonly string[])[], from: number, to: number, what: string): void {
    const away = faults.filter(
      (args) => args[0] === 'node' && /freeze|partition/.test(args[1] ?? '') && args.length === 3,
    );
    for (const { type, at, object } of this.recording.pods) {
      const lost = away.some(([, , node]) => object.spec.nodeName === node);
      if (type !== 'DELETED' || object.metadata.labels?.['app'] !== 'db' || !lost || at < from || at > to) continue;
      throw new Error(`${object.metadata.name} was let go of during: ${what}`);
    }
  }
}
