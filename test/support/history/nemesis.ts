/**
 * Kills and freezes the parts that every request goes through, at moments and in an order given by a seed, and brings them back.
 */
import type { Random } from '@regatta/runtime';
import type { TestCluster } from '../cluster.ts';

type Part = 'apiserver' | 'broker';

export interface NemesisOptions {
  readonly cluster: TestCluster;
  readonly random: Random;
  /** Each part is killed this often at least, however long it takes. */
  readonly atLeast: Readonly<Record<Part, number>>;
  /** No fault begins after this aborts, but those that are owed. */
  readonly signal: AbortSignal;
}

/** Real milliseconds in which everything works, and in which something is away: at most. */
const QUIET = { least: 300, more: 1800 };
const AWAY_MS = 900;
const FROZEN_MS = { least: 200, more: 1500 };

export class Nemesis {
  readonly kills: Record<Part, number> = { apiserver: 0, broker: 0 };
  readonly freezes: Record<Part, number> = { apiserver: 0, broker: 0 };

  constructor(readonly options: NemesisOptions) {}

  async run(): Promise<void> {
    const { random, signal } = this.options;
    for (;;) {
      const owed = this.#owed();
      if (signal.aborted && !owed) return;
      await sleep(QUIET.least + random.next() * QUIET.more);
      await this.#strike(signal.aborted && owed ? owed : undefined);
    }
  }

  #owed(): Part | undefined {
    const { atLeast } = this.options;
    return (['apiserver', 'broker'] as const).find((part) => this.kills[part] < atLeast[part]);
  }

  async #strike(owed: Part | undefined): Promise<void> {
    const { random } = this.options;
    const die = random.next();
    if (owed) return this.#kill(owed);
    if (die < 0.5) return this.#kill('apiserver');
    if (die < 0.7) return this.#kill('broker');
    if (die < 0.82) return this.#kill('apiserver', 'broker');
    return this.#freeze(die < 0.91 ? 'apiserver' : 'broker');
  }

  async #kill(...parts: Part[]): Promise<void> {
    const { cluster, random } = this.options;
    const away = random.next() * AWAY_MS;
    await Promise.all(parts.map((part) => cluster.regatta('component', 'kill', part)));
    for (const part of parts) this.kills[part]++;
    await sleep(away);
    await Promise.all(parts.map((part) => cluster.regatta('component', 'start', part)));
  }

  async #freeze(part: Part): Promise<void> {
    const { cluster, random } = this.options;
    const time = Math.round(FROZEN_MS.least + random.next() * FROZEN_MS.more);
    await cluster.regatta('component', 'freeze', part, '--for', `${time}ms`);
    this.freezes[part]++;
    // It ends by itself.
    await sleep(time);
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
