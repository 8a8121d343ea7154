/**
 * Makes Jobs by the clock (pkg/controller/cronjob/cronjob_controllerv2.go). Keys are CronJobs.
 *
 * Invariant: it waits in real time, at any speed of the cluster: a schedule names instants, and instants are real.
 */
import { type CronJob, isNotFound, type Job, jsonEqual, keyOf } from '@regatta/api';
import { type Informer, resources } from '@regatta/client';
import { type ControllerContext, clientFor, recorderFor } from '../framework/controller.ts';
import { KeyedController } from '../framework/keyed-controller.ts';
import { BY_CONTROLLER, controllerIndex } from '../ownership/by-controller.ts';
import { controllerOf, uidOf } from '../ownership/controller-ref.ts';
import { CronJobSync, type CronTools } from './cron-job-sync.ts';

const COMPONENT = 'cronjob-controller';

export class CronJobController extends KeyedController {
  readonly #cronJobs: Informer<CronJob>;
  readonly #jobs: Informer<Job>;
  readonly #tools: CronTools;

  constructor(context: ControllerContext) {
    super({ name: COMPONENT, context, concurrency: 5, clock: context.clock });
    const api = clientFor(context, COMPONENT);
    this.#tools = {
      cronJobs: api.resource(resources.cronJobs),
      jobs: api.resource(resources.jobs),
      recorder: recorderFor(context, api, COMPONENT),
    };
    this.#cronJobs = this.reads(context.informers.for(resources.cronJobs));
    this.#jobs = this.reads(context.informers.for(resources.jobs));
    context.informers.index(resources.jobs, BY_CONTROLLER, controllerIndex);
    const enqueue = (cronJob: CronJob): void => this.queue.add(keyOf(cronJob));
    this.#cronJobs.addHandler({ onAdd: enqueue, onUpdate: enqueue, onDelete: enqueue });
    const enqueueOwner = (job: Job): void => this.#enqueueOwner(job);
    this.#jobs.addHandler({ onAdd: enqueueOwner, onUpdate: enqueueOwner, onDelete: enqueueOwner });
  }

  protected async reconcile(key: string): Promise<void> {
    const cronJob = this.#cronJobs.getByKey(key);
    if (!cronJob) return;
    const jobs = this.#jobs.byIndex(BY_CONTROLLER, uidOf(cronJob));
    const sync = new CronJobSync(this.#tools, cronJob);
    let again: number | undefined;
    try {
      again = await sync.run(jobs, this.context.clock.now());
    } finally {
      await sync.cleanUp(jobs);
      await this.#writeStatus(cronJob, sync.cronJob);
    }
    if (again !== undefined) this.queue.addAfter(key, again);
  }

  async #writeStatus(old: CronJob, next: CronJob): Promise<void> {
    if (jsonEqual(old.status, next.status)) return;
    try {
      await this.#tools.cronJobs.updateStatus(next);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  #enqueueOwner(job: Job): void {
    const owner = controllerOf(job);
    if (owner?.kind === resources.cronJobs.kind) this.queue.add(`${job.metadata.namespace}/${owner.name}`);
  }
}
