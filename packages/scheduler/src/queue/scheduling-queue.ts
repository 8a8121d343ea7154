/**
 * Pods that wait for a node (upstream: pkg/scheduler/backend/queue/scheduling_queue.go), in three places:
 *
 *   active         tried next, by priority and age
 *   backing off    tried when its back-off is over, or when nothing else is active
 *   unschedulable  tried when an event happens that its rejecting plugins ask for, or after UNSCHEDULABLE_FLUSH
 *
 * A scheduling cycle is synchronous, so no event can slip in between a Pod's rejection and its return to the queue;
 * upstream's record of events in flight is not needed.
 *
 * Invariants: a Pod is in one place; a gated Pod is in none but unschedulable. All periods are cluster time.
 */
import { type AnyClock, elapsed } from '@regatta/client';
import type { Timer } from '@regatta/runtime';
import type { PodInfo } from '../cache/pod-info.ts';
import type { ClusterEvent, EventHint } from '../framework/cluster-event.ts';
import type { Rejection } from '../framework/rejection.ts';
import { Heap } from './heap.ts';
import { isBefore, type QueuedPod } from './queued-pod.ts';

export const INITIAL_BACKOFF = 1_000;
export const MAX_BACKOFF = 10_000;
/** Longest stay among the unschedulable without an event. */
export const UNSCHEDULABLE_FLUSH = 5 * 60_000;
const FLUSH_INTERVAL = 30_000;

export interface SchedulingQueueOptions {
  readonly clock: AnyClock;
  readonly preEnqueue: (pod: PodInfo) => Rejection | undefined;
  /** By plugin: the events that may undo its rejection. A plugin that is missing here is helped by any event. */
  readonly hints: ReadonlyMap<string, readonly EventHint[]>;
}

interface BackingOff {
  readonly queued: QueuedPod;
  readonly timer: Timer;
}

export class SchedulingQueue {
  readonly #options: SchedulingQueueOptions;
  readonly #active = new Heap<QueuedPod>((queued) => queued.info.uid, isBefore);
  readonly #backingOff = new Map<string, BackingOff>();
  readonly #unschedulable = new Map<string, QueuedPod>();
  #flush: Timer;
  #wake: (() => void) | undefined;
  #sequence = 0;

  constructor(options: SchedulingQueueOptions) {
    this.#options = options;
    this.#flush = this.#armFlush();
  }

  get sizes(): { readonly active: number; readonly backingOff: number; readonly unschedulable: number } {
    return {
      active: this.#active.size,
      backingOff: this.#backingOff.size,
      unschedulable: this.#unschedulable.size,
    };
  }

  /** Adds a Pod that is new, or replaces what is known of one that waits. */
  add(info: PodInfo): void {
    this.delete(info.uid);
    this.#activate({
      info,
      timestamp: this.#options.clock.now(),
      sequence: this.#sequence++,
      attempts: 0,
      unschedulableCount: 0,
      errorCount: 0,
      rejectedBy: new Set(),
      gatedBy: undefined,
    });
  }

  /** Takes a waiting Pod's new state. What changed (`event`) may make it worth another try. */
  update(info: PodInfo, event: ClusterEvent): void {
    const queued = this.#find(info.uid);
    if (!queued) return this.add(info);
    queued.info = info;
    if (this.#active.has(info.uid)) this.#active.push(queued);
    else if (this.#unschedulable.has(info.uid) && this.#helps(queued, event)) this.#retry(queued);
  }

  delete(uid: string): void {
    this.#active.remove(uid);
    this.#backingOff.get(uid)?.timer.cancel();
    this.#backingOff.delete(uid);
    this.#unschedulable.delete(uid);
  }

  /** The next Pod to try; undefined when there is none now. */
  pop(): QueuedPod | undefined {
    const queued = this.#active.pop() ?? this.#popBackingOff();
    if (queued) queued.attempts++;
    return queued;
  }

  /** Resolves when there is something to pop, or the signal aborts. */
  ready(signal: AbortSignal): Promise<void> {
    if (this.#active.size > 0 || this.#hasEarly() || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        this.#wake = undefined;
        resolve();
      };
      this.#wake = wake;
      signal.addEventListener('abort', wake, { once: true });
    });
  }

  /** Takes back a Pod that fits nowhere now. */
  addUnschedulable(queued: QueuedPod, rejectedBy: ReadonlySet<string>): void {
    queued.rejectedBy = rejectedBy;
    queued.unschedulableCount++;
    queued.errorCount = 0;
    queued.timestamp = this.#options.clock.now();
    this.#unschedulable.set(queued.info.uid, queued);
  }

  /** Takes back a Pod whose attempt failed for reasons that have nothing to do with nodes. */
  addFailed(queued: QueuedPod): void {
    queued.rejectedBy = new Set();
    queued.errorCount++;
    queued.timestamp = this.#options.clock.now();
    this.#backOff(queued);
  }

  /** Something happened in the cluster: Pods that it may help are tried again, after their back-off. */
  onEvent(event: ClusterEvent): void {
    const helped: QueuedPod[] = [];
    for (const queued of this.#unschedulable.values()) if (this.#helps(queued, event)) helped.push(queued);
    for (const queued of helped) this.#retry(queued);
  }

  close(): void {
    this.#flush.cancel();
    for (const { timer } of this.#backingOff.values()) timer.cancel();
  }

  #helps(queued: QueuedPod, event: ClusterEvent): boolean {
    const { hints } = this.#options;
    const names = queued.gatedBy === undefined ? queued.rejectedBy : [queued.gatedBy];
    for (const name of names) {
      const wanted = hints.get(name);
      if (!wanted || wanted.some((hint) => answers(hint, queued.info, event))) return true;
    }
    return queued.gatedBy === undefined && queued.rejectedBy.size === 0;
  }

  #retry(queued: QueuedPod): void {
    this.#unschedulable.delete(queued.info.uid);
    if (this.#backoffLeft(queued) > 0) this.#backOff(queued);
    else this.#activate(queued);
  }

  #activate(queued: QueuedPod): void {
    const gate = this.#options.preEnqueue(queued.info);
    queued.gatedBy = gate?.plugin;
    if (gate) {
      this.#unschedulable.set(queued.info.uid, queued);
      return;
    }
    this.#active.push(queued);
    this.#wake?.();
  }

  #backOff(queued: QueuedPod): void {
    const { uid } = queued.info;
    const timer = this.#options.clock.setTimer(this.#backoffLeft(queued), () => {
      this.#backingOff.delete(uid);
      this.#activate(queued);
    });
    this.#backingOff.set(uid, { queued, timer });
    if (queued.errorCount === 0) this.#wake?.();
  }

  /** Cluster milliseconds until the Pod may be tried again. */
  #backoffLeft(queued: QueuedPod): number {
    const failures = Math.max(1, queued.errorCount > 0 ? queued.errorCount : queued.unschedulableCount);
    const duration = Math.min(MAX_BACKOFF, INITIAL_BACKOFF * 2 ** Math.min(failures - 1, 30));
    return Math.max(0, duration - elapsed(this.#options.clock, queued.timestamp));
  }

  /** With nothing else to do a Pod need not sit its back-off out (SchedulerPopFromBackoffQ); errors must. */
  #popBackingOff(): QueuedPod | undefined {
    for (const [uid, { queued, timer }] of this.#backingOff) {
      if (queued.errorCount > 0) continue;
      timer.cancel();
      this.#backingOff.delete(uid);
      return queued;
    }
    return undefined;
  }

  #hasEarly(): boolean {
    for (const { queued } of this.#backingOff.values()) if (queued.errorCount === 0) return true;
    return false;
  }

  #find(uid: string): QueuedPod | undefined {
    const waiting = this.#unschedulable.get(uid) ?? this.#backingOff.get(uid)?.queued;
    if (waiting) return waiting;
    const active = this.#active.remove(uid);
    if (active) this.#active.push(active);
    return active;
  }

  #armFlush(): Timer {
    return this.#options.clock.setTimer(FLUSH_INTERVAL, () => {
      this.#flush = this.#armFlush();
      for (const queued of [...this.#unschedulable.values()]) {
        const waited = elapsed(this.#options.clock, queued.timestamp);
        if (queued.gatedBy === undefined && waited > UNSCHEDULABLE_FLUSH) this.#retry(queued);
      }
    });
  }
}

function answers(hint: EventHint, waiting: PodInfo, event: ClusterEvent): boolean {
  return (hint.actions & event.actions) !== 0 && (hint.helps?.(waiting, event) ?? true);
}
