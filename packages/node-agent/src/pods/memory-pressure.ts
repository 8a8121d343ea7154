/**
 * Keeps a machine's memory from running out: below the threshold the node is under pressure, and one Pod after another is
 * evicted (upstream: pkg/kubelet/eviction/{eviction_manager,helpers}.go; the hard threshold memory.available<100Mi).
 *
 * Invariants: one Pod a look; what the node can't be without is never evicted; the pressure is over when the threshold has
 * not been met for five minutes of cluster time.
 */
import { type Container, numericValue, type Pod } from '@regatta/api';
import type { ClusterClock, Timer } from '@regatta/runtime';
import { isCritical } from '../containers/oom-score.ts';
import { uidOf } from './pod-names.ts';

/** Cluster milliseconds between looks, and until the pressure is over. */
const LOOK_MS = 10_000;
const TRANSITION_MS = 300_000;
const THRESHOLD = 100 * 1024 * 1024;
const MEBI = 1024 * 1024;

export interface MemoryPressureOptions {
  readonly clock: ClusterClock;
  /** Of the machine, bytes. */
  memory(): { readonly used: number; readonly total: number };
  /** Pods that count against the machine's resources. */
  pods(): readonly Pod[];
  /** Bytes that a Pod's containers take, by name. */
  usage(pod: Pod): ReadonlyMap<string, number>;
  evict(uid: string, message: string): void;
  /** The node has come under pressure, or is no longer. */
  onChange(isUnder: boolean): void;
}

export class MemoryPressure {
  #metAt: number | undefined;
  #timer: Timer | undefined;

  constructor(private readonly options: MemoryPressureOptions) {}

  get isUnder(): boolean {
    return this.#metAt !== undefined;
  }

  start(): void {
    this.#timer = this.options.clock.setTimer(LOOK_MS, () => {
      this.#look();
      this.start();
    });
  }

  close(): void {
    this.#timer?.cancel();
  }

  #look(): void {
    const { clock, memory, onChange } = this.options;
    const { used, total } = memory();
    const wasUnder = this.isUnder;
    if (total - used < THRESHOLD) {
      this.#metAt = clock.now();
      if (!wasUnder) onChange(true);
      this.#evictOne(total - used);
    } else if (this.#metAt !== undefined && clock.elapsed(this.#metAt) >= TRANSITION_MS) {
      this.#metAt = undefined;
      onChange(false);
    }
  }

  #evictOne(available: number): void {
    const ranked = this.options
      .pods()
      .filter((pod) => !isCritical(pod))
      .map((pod) => rank(pod, this.options.usage(pod)))
      .filter(({ used }) => used > 0)
      .sort(firstToGo);
    const [victim] = ranked;
    if (victim) this.options.evict(uidOf(victim.pod), evictionMessage(victim, available));
  }
}

interface Ranked {
  readonly pod: Pod;
  readonly usage: ReadonlyMap<string, number>;
  readonly used: number;
  readonly over: number;
}

function rank(pod: Pod, usage: ReadonlyMap<string, number>): Ranked {
  const used = [...usage.values()].reduce((sum, bytes) => sum + bytes, 0);
  const asked = pod.spec.containers.reduce((sum, container) => sum + requestOf(container), 0);
  return { pod, usage, used, over: used - asked };
}

/** Who uses more than it asked for, then who matters least, then who is furthest over. */
function firstToGo(a: Ranked, b: Ranked): number {
  return (
    Number(b.over > 0) - Number(a.over > 0) ||
    (a.pod.spec.priority ?? 0) - (b.pod.spec.priority ?? 0) ||
    b.over - a.over
  );
}

function requestOf({ resources }: Container): number {
  return numericValue(resources?.requests?.['memory']);
}

function evictionMessage({ pod, usage }: Ranked, available: number): string {
  const greedy = pod.spec.containers.filter((container) => (usage.get(container.name) ?? 0) > requestOf(container));
  const told = greedy.map((container) => {
    const asked = container.resources?.requests?.['memory'] ?? '0';
    const using = `${Math.ceil((usage.get(container.name) ?? 0) / 1024)}Ki`;
    return `Container ${container.name} was using ${using}, request is ${asked}, has larger consumption of memory. `;
  });
  const left = `${Math.max(0, Math.floor(available / 1024))}Ki`;
  const threshold = `Threshold quantity: ${THRESHOLD / MEBI}Mi, available: ${left}. `;
  return `The node was low on resource: memory. ${threshold}${told.join('')}`;
}
