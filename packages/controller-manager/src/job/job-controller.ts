/**
 * Runs Jobs to their end (pkg/controller/job/job_controller.go). Keys are Jobs; a second queue holds Pods that lost theirs,
 * whose finalizer nobody else would take off.
 *
 * Invariants: Jobs that another controller manages, or that have ended, are left alone; changes of Pods wait BATCH_MS for
 * more of them, changes of the Job do not; while expectations are unmet no Pod is made or deleted and no Job ends.
 */
import { isNotFound, type Job, jsonEqual, keyOf, labelSelectorFrom, type Pod } from '@regatta/api';
import {
  type EventRecorder,
  formatTime,
  type Informer,
  type ResourceClient,
  resources,
  runWorkers,
  WorkQueue,
} from '@regatta/client';
import { type ControllerContext, clientFor, recorderFor } from '../framework/controller.ts';
import { Expectations } from '../framework/expectations.ts';
import { KeyedController } from '../framework/keyed-controller.ts';
import { BY_CONTROLLER, controllerIndex, orphansOf } from '../ownership/by-controller.ts';
import { claim } from '../ownership/claim.ts';
import { controllerOf, controllerRefTo, isControlledBy, uidOf } from '../ownership/controller-ref.ts';
import { type BackoffRecord, NO_FAILURES } from './job-backoff.ts';
import { isJobFinished } from './job-conditions.ts';
import { isTracked, TRACKING_FINALIZER, UNTRACK } from './job-pod.ts';
import { JobPods } from './job-pods.ts';
import { syncJob } from './job-sync.ts';
import { viewJob } from './job-view.ts';
import { UntrackedPods } from './untracked-pods.ts';

const COMPONENT = 'job-controller';
const MANAGER = 'kubernetes.io/job-controller';
const WORKERS = 5;
/** Cluster time. Upstream waits a second; the answer is the same, sooner. */
const BATCH_MS = 100;

export class JobController extends KeyedController {
  readonly #jobs: Informer<Job>;
  readonly #pods: Informer<Pod>;
  readonly #client: ResourceClient<Job>;
  readonly #podClient: ResourceClient<Pod>;
  readonly #recorder: EventRecorder;
  readonly #expectations: Expectations;
  readonly #jobPods: JobPods;
  readonly #orphans: WorkQueue;
  readonly #untracked = new UntrackedPods();
  readonly #backoffs = new Map<string, BackoffRecord>();

  constructor(context: ControllerContext) {
    super({ name: COMPONENT, context, concurrency: WORKERS });
    const api = clientFor(context, COMPONENT);
    this.#client = api.resource(resources.jobs);
    this.#podClient = api.resource(resources.pods);
    this.#recorder = recorderFor(context, api, COMPONENT);
    this.#expectations = new Expectations(context.clock);
    const control = { client: this.#podClient, recorder: this.#recorder };
    this.#jobPods = new JobPods(control, this.#expectations, context.clusterClock);
    this.#orphans = new WorkQueue({ clock: context.clusterClock });
    this.#jobs = this.reads(context.informers.for(resources.jobs));
    this.#pods = this.reads(context.informers.for(resources.pods));
    context.informers.index(resources.pods, BY_CONTROLLER, controllerIndex);
    this.#jobs.addHandler({
      onAdd: (job) => this.queue.add(keyOf(job)),
      onUpdate: (job, old) => this.#jobUpdated(job, old),
      onDelete: (job) => this.#jobDeleted(job),
    });
    this.#pods.addHandler({
      onAdd: (pod) => this.#podAdded(pod),
      onUpdate: (pod, old) => this.#podUpdated(pod, old),
      onDelete: (pod) => this.#podDeleted(pod, true),
    });
  }

  override async run(signal: AbortSignal): Promise<void> {
    const orphans = runWorkers(this.#orphans, 1, (key) => this.#freeOrphan(key), this.logger, signal);
    await Promise.all([super.run(signal), orphans]);
  }

  protected async reconcile(key: string): Promise<void> {
    const job = this.#jobs.getByKey(key);
    if (!job) return this.#forget(key);
    if (!isOurs(job)) return;
    if (isJobFinished(job)) {
      this.#backoffs.delete(key);
      return;
    }
    const settled = this.#expectations.satisfied(key);
    const pods = await this.#claim(job);
    const view = viewJob(job, pods, this.#untracked.of(key), this.#backoffs.get(key) ?? NO_FAILURES);
    const again = await syncJob(
      {
        jobs: this.#client,
        pods: this.#podClient,
        untracked: this.#untracked,
        recorder: this.#recorder,
        jobPods: this.#jobPods,
        clock: this.context.clusterClock,
        now: () => formatTime(this.context.clusterClock.now()),
        onBackoff: (record) => this.#backoffs.set(key, record),
      },
      view,
      settled,
    );
    if (again !== undefined) this.queue.addAfter(key, again);
  }

  async #claim(job: Job): Promise<Pod[]> {
    const own = this.#pods.byIndex(BY_CONTROLLER, uidOf(job));
    const orphans = this.#pods.byIndex(BY_CONTROLLER, orphansOf(job.metadata.namespace ?? ''));
    const claimant = {
      owner: job,
      reference: controllerRefTo(job, resources.jobs),
      selector: labelSelectorFrom(job.spec.selector),
      client: this.#podClient,
      fresh: () => this.#client.get(job.metadata.name, job.metadata.namespace),
      finalizer: TRACKING_FINALIZER,
    };
    return claim(claimant, [...own, ...orphans]);
  }

  #forget(key: string): void {
    this.#expectations.forget(key);
    this.#untracked.forget(key);
    this.#backoffs.delete(key);
  }

  #jobUpdated(job: Job, old: Job): void {
    if (job.metadata.generation === old.metadata.generation) this.#enqueueSoon(job);
    else this.queue.add(keyOf(job));
    if (isJobFinished(job)) this.#freePodsOf(job);
  }

  #jobDeleted(job: Job): void {
    this.queue.add(keyOf(job));
    this.#freePodsOf(job);
  }

  #freePodsOf(job: Job): void {
    for (const pod of this.#pods.byIndex(BY_CONTROLLER, uidOf(job))) this.#orphaned(pod);
  }

  #orphaned(pod: Pod): void {
    if (isTracked(pod)) this.#orphans.add(keyOf(pod));
  }

  async #freeOrphan(key: string): Promise<void> {
    const pod = this.#pods.getByKey(key);
    if (!pod || !isTracked(pod)) return;
    const job = this.#owner(pod);
    if (job && !(isOurs(job) && isJobFinished(job))) return;
    const { name, namespace } = pod.metadata;
    try {
      await this.#podClient.patch(name, { namespace, type: 'strategic', body: UNTRACK });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  #podAdded(pod: Pod): void {
    if (pod.metadata.deletionTimestamp) return this.#podDeleted(pod, false);
    if (!controllerOf(pod)) return this.#enqueueMatching(pod);
    const job = this.#owner(pod);
    if (!job) return this.#orphanedJobPod(pod);
    this.#expectations.creationObserved(keyOf(job));
    this.#enqueueSoon(job);
  }

  #podUpdated(pod: Pod, old: Pod): void {
    if (pod.metadata.deletionTimestamp) return this.#podDeleted(pod, false);
    const before = controllerOf(old);
    const after = controllerOf(pod);
    const jobs = [this.#owner(pod), before?.uid === after?.uid ? undefined : this.#owner(old)];
    for (const job of jobs.filter((owner) => owner !== undefined)) {
      if (!isTracked(pod)) this.#untracked.observe(keyOf(job), uidOf(pod));
      this.#enqueueSoon(job);
    }
    if (after) {
      if (!jobs[0]) this.#orphanedJobPod(pod);
    } else if (before || !jsonEqual(pod.metadata.labels, old.metadata.labels)) this.#enqueueMatching(pod);
  }

  /** @param gone whether the Pod is no more, and not just on its way out */
  #podDeleted(pod: Pod, gone: boolean): void {
    const job = this.#owner(pod);
    if (!job || isJobFinished(job)) return gone ? undefined : this.#orphanedJobPod(pod);
    const key = keyOf(job);
    this.#expectations.deletionObserved(key, keyOf(pod));
    if (gone || !isTracked(pod)) this.#untracked.observe(key, uidOf(pod));
    this.#enqueueSoon(job);
  }

  #orphanedJobPod(pod: Pod): void {
    if (!controllerOf(pod) || controllerOf(pod)?.kind === resources.jobs.kind) this.#orphaned(pod);
  }

  #enqueueSoon(job: Job): void {
    this.queue.addAfter(keyOf(job), BATCH_MS);
  }

  #owner(pod: Pod): Job | undefined {
    const owner = controllerOf(pod);
    if (owner?.kind !== resources.jobs.kind) return undefined;
    const job = this.#jobs.get(pod.metadata.namespace, owner.name);
    return job && isControlledBy(pod, job) ? job : undefined;
  }

  /** An orphan may be adopted by any Job whose selector it matches. */
  #enqueueMatching(pod: Pod): void {
    this.#orphanedJobPod(pod);
    for (const job of this.#jobs.list()) {
      if (job.metadata.namespace !== pod.metadata.namespace) continue;
      if (labelSelectorFrom(job.spec.selector).matches(pod.metadata.labels)) this.queue.add(keyOf(job));
    }
  }
}

function isOurs({ spec }: Job): boolean {
  return (spec.managedBy ?? MANAGER) === MANAGER;
}
