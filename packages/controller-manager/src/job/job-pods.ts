/**
 * Makes and deletes a Job's Pods (pkg/controller/job/job_controller.go, manageJob): as many run as are wanted, in one
 * pass either some are made or some deleted, at most BURST of them, and none is made while the Job waits after failures.
 */
import { isNotFound, type Job, keyOf, type OwnerReference, type Pod } from '@regatta/api';
import { resources } from '@regatta/client';
import type { ClusterClock } from '@regatta/runtime';
import type { Expectations } from '../framework/expectations.ts';
import { slowStartBatch } from '../framework/slow-start.ts';
import { controllerRefTo } from '../ownership/controller-ref.ts';
import { isPodReady, isPodTerminating } from '../pods/pod-conditions.ts';
import { createPod, deletePod, type PodControl } from '../pods/pod-control.ts';
import { compareForDeletion } from '../pods/pod-ranking.ts';
import { isNamespaceTerminating } from '../serviceaccount/service-account-controller.ts';
import { IndexIntervals } from './index-intervals.ts';
import { backoffLeft, finishedTime } from './job-backoff.ts';
import {
  allFailuresBefore,
  completionIndexOf,
  hasLimitPerIndex,
  indexedPod,
  isIndexed,
  isTracked,
  jobPod,
  replacesOnlyFailed,
  UNTRACK,
  validIndexOf,
} from './job-pod.ts';
import type { JobView } from './job-view.ts';

const BURST = 500;

/** What a pass has changed. */
export interface PodChanges {
  readonly made: number;
  readonly deleted: number;
  /** Of those deleted. */
  readonly deletedReady: number;
  /** Cluster milliseconds after which Pods may be made that had to wait. */
  readonly again?: number;
  readonly error?: unknown;
}

const NOTHING: PodChanges = { made: 0, deleted: 0, deletedReady: 0 };

export class JobPods {
  constructor(
    readonly control: PodControl,
    readonly expectations: Expectations,
    readonly clock: ClusterClock,
  ) {}

  async manage(view: JobView): Promise<PodChanges> {
    const { job, active } = view;
    const wanted = job.spec.suspend ? 0 : wantedPods(view);
    const doomed = this.#tooMany(view, Math.max(0, active.length - wanted)).slice(0, BURST);
    if (doomed.length > 0) return this.#delete(job, doomed);
    const terminating = replacesOnlyFailed(job) ? view.terminating : 0;
    const missing = wanted - terminating - active.length;
    return missing > 0 ? this.#create(view, Math.min(missing, BURST)) : NOTHING;
  }

  /** Deletes the Pods of a Job that ends; their finalizers stay until they are counted. */
  async end(job: Job, active: readonly Pod[]): Promise<PodChanges> {
    return deletions(active, await Promise.allSettled(active.map((pod) => this.#deleteOne(job, pod))));
  }

  async #delete(job: Job, doomed: readonly Pod[]): Promise<PodChanges> {
    this.expectations.expectDeletions(keyOf(job), doomed.map(keyOf));
    const results = await Promise.allSettled(doomed.map((pod) => this.#untrackAndDelete(job, pod)));
    return deletions(doomed, results);
  }

  /** Pods that are too many don't count as failed. */
  async #untrackAndDelete(job: Job, pod: Pod): Promise<void> {
    const { name, namespace } = pod.metadata;
    try {
      if (isTracked(pod)) await this.control.client.patch(name, { namespace, type: 'strategic', body: UNTRACK });
      await this.#deleteOne(job, pod);
    } catch (error) {
      this.expectations.deletionObserved(keyOf(job), keyOf(pod));
      if (!isNotFound(error)) throw error;
    }
  }

  async #deleteOne(job: Job, pod: Pod): Promise<void> {
    try {
      await deletePod(this.control, job, pod);
    } catch (error) {
      this.expectations.deletionObserved(keyOf(job), keyOf(pod));
      if (!isNotFound(error)) throw error;
    }
  }

  async #create(view: JobView, count: number): Promise<PodChanges> {
    const { job, backoff } = view;
    const reference = controllerRefTo(job, resources.jobs);
    if (hasLimitPerIndex(job)) return this.#createIndexes(view, reference, this.#dueIndexes(view, count));
    const wait = backoffLeft(backoff, this.clock);
    if (wait > 0) return { ...NOTHING, again: wait };
    if (isIndexed(job)) return this.#createIndexes(view, reference, { now: pendingIndexes(view, count), again: 0 });
    return this.#createAll(job, count, () => jobPod(job, reference));
  }

  #createIndexes(
    { job, indexes }: JobView,
    reference: OwnerReference,
    { now, again }: { readonly now: readonly number[]; readonly again: number },
  ): Promise<PodChanges> {
    if (now.length === 0) return Promise.resolve(again > 0 ? { ...NOTHING, again } : NOTHING);
    return this.#createAll(job, now.length, (i) => {
      const index = now[i] ?? 0;
      return indexedPod(job, reference, index, indexes?.replaced.get(index));
    });
  }

  async #createAll(job: Job, count: number, podOf: (index: number) => Pod): Promise<PodChanges> {
    const key = keyOf(job);
    this.expectations.expectCreations(key, count);
    const { succeeded, error } = await slowStartBatch(count, async (i) => {
      await createPod(this.control, job, podOf(i));
    });
    this.expectations.lowerCreations(key, count - succeeded);
    return { ...NOTHING, made: succeeded, ...(isNamespaceTerminating(error) ? {} : { error }) };
  }

  /** Each index waits for itself: those whose wait is over, or how long the shortest is. */
  #dueIndexes(view: JobView, count: number): { now: number[]; again: number } {
    const waits = pendingIndexes(view, count).map((index) => ({ index, wait: this.#waitOf(view, index) }));
    const now = waits.filter(({ wait }) => wait === 0).map(({ index }) => index);
    return { now, again: now.length > 0 ? 0 : Math.min(...waits.map(({ wait }) => wait)) };
  }

  #waitOf({ indexes }: JobView, index: number): number {
    const replaced = indexes?.replaced.get(index);
    if (!replaced) return 0;
    const failures = allFailuresBefore(replaced) + 1;
    return backoffLeft({ failures, lastFailure: finishedTime(replaced) }, this.clock);
  }

  /** Pods to delete: of an Indexed Job first those whose index is taken, or none, then the least useful. */
  #tooMany({ job, active }: JobView, atLeast: number): Pod[] {
    const compare = compareForDeletion(this.clock);
    const ranked = active
      .map((pod) => ({ pod, rank: 0 }))
      .sort(compare)
      .map(({ pod }) => pod);
    const superfluous = isIndexed(job) ? withoutPlace(job, ranked) : [];
    const others = ranked.filter((pod) => !superfluous.includes(pod));
    return [...superfluous, ...others.slice(0, Math.max(0, atLeast - superfluous.length))];
  }
}

/** Without a number of completions, Pods run until the first succeeds; then those that run may end. */
function wantedPods({ job, active, succeeded }: JobView): number {
  const { parallelism = 1, completions } = job.spec;
  if (completions === undefined) return succeeded > 0 ? active.length : parallelism;
  return Math.max(0, Math.min(completions - succeeded, parallelism));
}

function pendingIndexes({ job, pods, active, indexes }: JobView, count: number): number[] {
  const waiting = replacesOnlyFailed(job) ? pods.filter(isPodTerminating) : [];
  const taken = [...active, ...waiting].map(completionIndexOf).filter((index) => index !== undefined);
  const done = (indexes?.succeeded ?? IndexIntervals.none).union(indexes?.failed ?? IndexIntervals.none);
  return done.with(taken).firstMissing(count, job.spec.completions ?? 0);
}

/** @param ranked the least useful first: of an index's Pods the last stays */
function withoutPlace(job: Job, ranked: readonly Pod[]): Pod[] {
  const keeper = new Map(ranked.map((pod) => [validIndexOf(job, pod), pod]));
  return ranked.filter((pod) => {
    const index = validIndexOf(job, pod);
    return index === undefined || keeper.get(index) !== pod;
  });
}

function deletions(pods: readonly Pod[], results: readonly PromiseSettledResult<void>[]): PodChanges {
  const deleted = pods.filter((_, i) => results[i]?.status === 'fulfilled');
  const failed = results.find((result) => result.status === 'rejected');
  return {
    made: 0,
    deleted: deleted.length,
    deletedReady: deleted.filter(isPodReady).length,
    ...(failed ? { error: failed.reason } : {}),
  };
}
