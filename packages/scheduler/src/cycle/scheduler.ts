/**
 * Schedules one Pod after the other; binds many at once (upstream: pkg/scheduler/schedule_one.go).
 *
 * A scheduling cycle is synchronous: pop, filter, score, assume. Then the binding goes its own way while the next Pod is
 * looked at, against a cache in which this one counts already.
 *
 * Invariants: at most MAX_BINDINGS bindings are on their way; a Pod whose binding failed is forgotten and queued again;
 * the event loop is given back at least every SLICE.
 */
import type { Clock, Logger, Random } from '@regatta/runtime';
import { yieldToEventLoop } from '@regatta/runtime';
import { PodInfo } from '../cache/pod-info.ts';
import type { SchedulerCache } from '../cache/scheduler-cache.ts';
import { Action } from '../framework/cluster-event.ts';
import { CycleState } from '../framework/cycle-state.ts';
import { type Diagnosis, fitErrorMessage, truncateNote } from '../framework/fit-error.ts';
import type { Framework } from '../framework/framework.ts';
import type { Rejection } from '../framework/rejection.ts';
import type { QueuedPod } from '../queue/queued-pod.ts';
import type { SchedulingQueue } from '../queue/scheduling-queue.ts';
import { type Choice, chooseNode } from './choose-node.ts';
import { type DecisionLog, explain } from './decision-log.ts';
import type { Found, NodeFinder } from './find-nodes.ts';
import type { Nominations } from './nominations.ts';
import type { SchedulerApi } from './scheduler-api.ts';

const MAX_BINDINGS = 256;
/** Real milliseconds of scheduling before others get their turn. */
const SLICE = 10;

export interface SchedulerParts {
  readonly cache: SchedulerCache;
  readonly queue: SchedulingQueue;
  readonly framework: Framework;
  readonly finder: NodeFinder;
  readonly nominations: Nominations;
  readonly api: SchedulerApi;
  readonly decisions: DecisionLog;
  /** Real time: for slices and timestamps. */
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export class Scheduler {
  readonly #bindings = new Set<Promise<void>>();

  constructor(readonly parts: SchedulerParts) {}

  /** How many bindings are on their way. */
  get bindings(): number {
    return this.#bindings.size;
  }

  /** Schedules until the signal aborts; bindings on their way are waited for. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.parts.queue.ready(signal);
      if (this.#bindings.size >= MAX_BINDINGS) await Promise.race(this.#bindings);
      this.scheduleWaiting(signal);
      await yieldToEventLoop();
    }
    await Promise.all(this.#bindings);
  }

  /** Schedules what waits now, for a slice of time. */
  scheduleWaiting(signal: AbortSignal): void {
    const { queue, clock } = this.parts;
    const until = clock.monotonic() + SLICE;
    while (this.#bindings.size < MAX_BINDINGS && !signal.aborted) {
      const queued = queue.pop();
      if (!queued) return;
      this.#scheduleOne(queued, signal);
      if (clock.monotonic() > until) return;
    }
  }

  #scheduleOne(queued: QueuedPod, signal: AbortSignal): void {
    const { cache, api, logger } = this.parts;
    const { info } = queued;
    if (info.pod.metadata.deletionTimestamp) {
      const note = `skip schedule deleting pod: ${info.key}`;
      api.event(info.pod, undefined, { type: 'Warning', reason: 'FailedScheduling', action: 'Scheduling', note });
      return;
    }
    if (cache.isAssumed(info.uid)) return;
    const state = new CycleState();
    try {
      const found = this.parts.finder.find(state, info);
      if (found.feasible.length === 0) return this.#fitsNowhere(queued, state, found);
      const choice = chooseNode(this.parts.framework, state, info, found.feasible, cache, this.parts.random);
      this.#place(queued, state, found, choice, signal);
    } catch (error) {
      logger.error('scheduling failed', { pod: info.key, error });
      this.#failed(queued, error);
    }
  }

  #place(queued: QueuedPod, state: CycleState, found: Found, choice: Choice, signal: AbortSignal): void {
    const { cache, framework, nominations } = this.parts;
    const { info } = queued;
    const nodeName = choice.node.name;
    cache.assume(info, nodeName);
    const refused = framework.reserve(state, info, nodeName);
    if (refused) {
      cache.forget(info.uid);
      return this.#refused(queued, { allNodes: 1, rejections: new Map([[nodeName, refused]]) });
    }
    nominations.delete(info.uid);
    this.#decided(info, found, choice);
    const binding = this.#bind(queued, state, nodeName, signal).finally(() => this.#bindings.delete(binding));
    this.#bindings.add(binding);
  }

  async #bind(queued: QueuedPod, state: CycleState, nodeName: string, signal: AbortSignal): Promise<void> {
    const { framework, api } = this.parts;
    const { info } = queued;
    try {
      const refused = await framework.permit(state, info, nodeName);
      if (refused) {
        this.#takeBack(queued, state, nodeName);
        return this.#refused(queued, { allNodes: 1, rejections: new Map([[nodeName, refused]]) });
      }
      await framework.bind(state, info, nodeName, signal);
    } catch (error) {
      this.#takeBack(queued, state, nodeName);
      if (!signal.aborted) this.#failed(queued, error);
      return;
    }
    const note = `Successfully assigned ${info.key} to ${nodeName}`;
    api.event(info.pod, undefined, { type: 'Normal', reason: 'Scheduled', action: 'Binding', note });
  }

  /** The room that was taken is free again, which may help others. */
  #takeBack({ info }: QueuedPod, state: CycleState, nodeName: string): void {
    this.parts.framework.unreserve(state, info, nodeName);
    this.parts.cache.forget(info.uid);
    this.parts.queue.onEvent({ actions: Action.assignedPodDelete, pod: info.pod });
  }

  #fitsNowhere(queued: QueuedPod, state: CycleState, found: Found): void {
    const { cache, framework } = this.parts;
    const allNodes = cache.nodes.length;
    if (allNodes === 0) return this.#report(queued, 'no nodes available to schedule pods', new Set());
    const rejections = found.preFilter ? everywhere(cache, found.preFilter) : found.rejections;
    const result = framework.postFilter(state, queued.info, rejections);
    const diagnosis = { allNodes, ...found, postFilterMessage: result.message };
    this.#refused(queued, diagnosis, result.nominatedNode);
  }

  #refused(queued: QueuedPod, diagnosis: Diagnosis, nominatedNode?: string): void {
    const { info } = queued;
    const message = fitErrorMessage(diagnosis);
    this.parts.decisions.add({
      pod: info.key,
      uid: info.uid,
      at: this.parts.clock.now(),
      node: undefined,
      rejections: diagnosis.rejections,
      feasible: [],
      message,
    });
    if (nominatedNode) this.parts.nominations.set(info, nominatedNode);
    else if (nominatedNode === '') this.parts.nominations.delete(info.uid);
    this.#report(queued, message, pluginsOf(diagnosis), nominatedNode);
  }

  /** Nothing is wrong but that nodes don't fit: the Pod waits for something to change. */
  #report(queued: QueuedPod, message: string, rejectedBy: ReadonlySet<string>, nominatedNode?: string): void {
    const { api, queue, logger } = this.parts;
    const pod = api.unassigned(queued.info.pod);
    if (!pod) return;
    logger.debug('pod fits on no node', { pod: queued.info.key, message });
    if (pod !== queued.info.pod) queued.info = new PodInfo(pod);
    queue.addUnschedulable(queued, rejectedBy);
    const note = truncateNote(message);
    api.event(pod, undefined, { type: 'Warning', reason: 'FailedScheduling', action: 'Scheduling', note });
    api.changeStatus(pod, {
      condition: { reason: 'Unschedulable', message },
      ...(nominatedNode !== undefined && { nominatedNode }),
    });
  }

  /** Something went wrong: the Pod is tried again after a back-off. */
  #failed(queued: QueuedPod, error: unknown): void {
    const { api, queue, logger } = this.parts;
    const pod = api.unassigned(queued.info.pod);
    if (!pod) return;
    const message = error instanceof Error ? error.message : String(error);
    logger.warn('pod is tried again', { pod: queued.info.key, error });
    if (pod !== queued.info.pod) queued.info = new PodInfo(pod);
    queue.addFailed(queued);
    const note = truncateNote(message);
    api.event(pod, undefined, { type: 'Warning', reason: 'FailedScheduling', action: 'Scheduling', note });
    api.changeStatus(pod, { condition: { reason: 'SchedulerError', message }, nominatedNode: '' });
  }

  #decided(info: PodInfo, found: Found, choice: Choice): void {
    const { decisions, clock, logger } = this.parts;
    const decision = {
      pod: info.key,
      uid: info.uid,
      at: clock.now(),
      node: choice.node.name,
      rejections: found.rejections,
      feasible: found.feasible,
      ...(choice.scored && { totals: choice.scored.totals, scores: choice.scored.byPlugin }),
    };
    decisions.add(decision);
    logger.debug('pod is placed', {
      pod: info.key,
      node: choice.node.name,
      get verdicts() {
        return explain(decision);
      },
    });
  }
}

function everywhere(cache: SchedulerCache, rejection: Rejection): ReadonlyMap<string, Rejection> {
  return new Map(cache.nodes.map((node) => [node.name, rejection]));
}

function pluginsOf({ rejections, preFilter, absent }: Diagnosis): ReadonlySet<string> {
  const all = [...rejections.values(), ...(preFilter ? [preFilter] : []), ...(absent ? [absent] : [])];
  return new Set(all.map((rejection) => rejection.plugin).filter((name) => name !== ''));
}
