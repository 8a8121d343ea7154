/**
 * Deletes Jobs that ended `ttlSecondsAfterFinished` ago, with their Pods
 * (pkg/controller/ttlafterfinished/ttlafterfinished_controller.go). Keys are Jobs; the time is cluster time.
 *
 * Invariant: a Job is read from the API before it is deleted: the time may have been changed since the cache was.
 */
import { isNotFound, type Job, keyOf } from '@regatta/api';
import { type Informer, type ResourceClient, resources } from '@regatta/client';
import { type ControllerContext, clientFor } from '../framework/controller.ts';
import { KeyedController } from '../framework/keyed-controller.ts';
import { parseTime } from '../framework/timestamps.ts';
import { finishedCondition } from '../job/job-conditions.ts';
import { uidOf } from '../ownership/controller-ref.ts';

const COMPONENT = 'ttl-after-finished-controller';

export class TtlAfterFinishedController extends KeyedController {
  readonly #jobs: Informer<Job>;
  readonly #client: ResourceClient<Job>;

  constructor(context: ControllerContext) {
    super({ name: COMPONENT, context, concurrency: 5 });
    this.#client = clientFor(context, COMPONENT).resource(resources.jobs);
    this.#jobs = this.reads(context.informers.for(resources.jobs));
    const enqueue = (job: Job): void => {
      if (this.#timeLeft(job) !== undefined) this.queue.add(keyOf(job));
    };
    this.#jobs.addHandler({ onAdd: enqueue, onUpdate: enqueue });
  }

  protected async reconcile(key: string): Promise<void> {
    const cached = this.#jobs.getByKey(key);
    if (!cached || this.#waits(key, cached)) return;
    const { name, namespace } = cached.metadata;
    try {
      const job = await this.#client.get(name, namespace);
      if (this.#waits(key, job)) return;
      const preconditions = { uid: uidOf(job) };
      await this.#client.delete(name, { namespace, propagationPolicy: 'Foreground', preconditions });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** Whether it is too early, or never time. Comes back when it is time. */
  #waits(key: string, job: Job): boolean {
    const left = this.#timeLeft(job);
    if (left !== undefined && left > 0) this.queue.addAfter(key, left);
    return left === undefined || left > 0;
  }

  /** Cluster milliseconds; undefined for a Job that is not to go by itself. */
  #timeLeft({ metadata, spec, status }: Job): number | undefined {
    const { ttlSecondsAfterFinished } = spec;
    const finished = finishedCondition({ metadata, spec, status });
    if (ttlSecondsAfterFinished === undefined || !finished || metadata.deletionTimestamp) return undefined;
    return ttlSecondsAfterFinished * 1000 - this.context.clusterClock.elapsed(parseTime(finished.lastTransitionTime));
  }
}
