/**
 * One pass over a CronJob (pkg/controller/cronjob/cronjob_controllerv2.go, syncCronJob): which of its Jobs are active,
 * whether a time is due, the Job that is made for it, and old Jobs deleted.
 *
 * Invariants: a time's Job has a name of its own, so that it is made once however often a pass is tried; a pass decides on
 * one instant, `now`.
 */
import {
  type CronJob,
  type CronSchedule,
  isAlreadyExists,
  isNotFound,
  isTimeZone,
  type Job,
  parseCronSchedule,
  ScheduleError,
  zoneOffset,
} from '@regatta/api';
import { type EventRecorder, formatTime, type ResourceClient, referenceOf, resources } from '@regatta/client';
import { parseTime } from '../framework/timestamps.ts';
import { finishedCondition, isJobFinished } from '../job/job-conditions.ts';
import { controllerRefTo, isControlledBy, uidOf } from '../ownership/controller-ref.ts';
import { messageOf } from '../pods/pod-control.ts';
import { isNamespaceTerminating } from '../serviceaccount/service-account-controller.ts';
import { dueTime, nextWait, UnreachableScheduleError } from './cron-times.ts';

const SCHEDULED_AT = 'batch.kubernetes.io/cronjob-scheduled-timestamp';
const ZONES_DOCUMENT = 'https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/';
const MINUTE = 60_000;

export interface CronTools {
  readonly cronJobs: ResourceClient<CronJob>;
  readonly jobs: ResourceClient<Job>;
  readonly recorder: EventRecorder;
}

export class CronJobSync {
  readonly #tools: CronTools;
  /** With the status as this pass changes it. */
  cronJob: CronJob;

  constructor(tools: CronTools, cronJob: CronJob) {
    this.#tools = tools;
    this.cronJob = cronJob;
  }

  /**
   * @param jobs those that the CronJob controls
   * @returns milliseconds until the next time
   */
  async run(jobs: readonly Job[], now: number): Promise<number | undefined> {
    for (const job of jobs) await this.#observe(job);
    await this.#dropMissing(jobs);
    if (this.cronJob.metadata.deletionTimestamp || !this.#hasKnownZone() || this.cronJob.spec.suspend) return undefined;
    const schedule = this.#schedule();
    if (!schedule) return undefined;
    try {
      return await this.#runDue(schedule, now);
    } catch (error) {
      if (!(error instanceof UnreachableScheduleError)) throw error;
      this.#warn('InvalidSchedule', `invalid schedule: ${this.cronJob.spec.schedule} : ${error.message}`);
      return undefined;
    }
  }

  /** Deletes the oldest Jobs that ended beyond those that are to be kept. */
  async cleanUp(jobs: readonly Job[]): Promise<void> {
    const { successfulJobsHistoryLimit, failedJobsHistoryLimit } = this.cronJob.spec;
    const ended = (type: string): Job[] => jobs.filter((job) => finishedCondition(job)?.type === type);
    await this.#keep(ended('Complete'), successfulJobsHistoryLimit);
    await this.#keep(ended('Failed'), failedJobsHistoryLimit);
  }

  async #observe(job: Job): Promise<void> {
    const listed = this.#isActive(job);
    if (!isJobFinished(job)) {
      if (!listed && !(await this.#isActiveByNow(job))) {
        const { name } = job.metadata;
        this.#warn('UnexpectedJob', `Saw a job that the controller did not create or forgot: ${name}`);
      }
      return;
    }
    const type = finishedCondition(job)?.type ?? '';
    if (listed) {
      this.#dropActive(uidOf(job));
      this.#tell('SawCompletedJob', `Saw completed job: ${job.metadata.name}, condition: ${type}`);
    }
    if (type === 'Complete') this.#succeededAt(job.status?.completionTime);
  }

  /** The cache may show a Job before the status that lists it. */
  async #isActiveByNow(job: Job): Promise<boolean> {
    const { name, namespace } = this.cronJob.metadata;
    const current = await this.#tools.cronJobs.get(name, namespace);
    const listed = current.status?.active?.some(({ uid }) => uid === job.metadata.uid) ?? false;
    if (listed) this.cronJob = current;
    return listed;
  }

  async #dropMissing(jobs: readonly Job[]): Promise<void> {
    const known = new Set(jobs.map(uidOf));
    for (const { uid = '', name = '', namespace } of this.cronJob.status?.active ?? []) {
      if (known.has(uid)) continue;
      try {
        await this.#tools.jobs.get(name, namespace);
      } catch (error) {
        if (!isNotFound(error)) throw error;
        this.#tell('MissingJob', `Active job went missing: ${name}`);
        this.#dropActive(uid);
      }
    }
  }

  #hasKnownZone(): boolean {
    const { timeZone } = this.cronJob.spec;
    if (timeZone === undefined || isTimeZone(timeZone)) return true;
    this.#warn('UnknownTimeZone', `invalid timeZone: "${timeZone}": unknown time zone ${timeZone}`);
    return false;
  }

  #schedule(): CronSchedule | undefined {
    const { schedule } = this.cronJob.spec;
    if (schedule.includes('TZ')) {
      const why = `is not officially supported, see ${ZONES_DOCUMENT} for more details`;
      this.#warn('UnsupportedSchedule', `CRON_TZ or TZ used in schedule ${JSON.stringify(schedule)} ${why}`);
    }
    try {
      return parseCronSchedule(schedule);
    } catch (error) {
      if (!(error instanceof ScheduleError)) throw error;
      this.#warn('UnparseableSchedule', `unparseable schedule: ${JSON.stringify(schedule)} : ${error.message}`);
      return undefined;
    }
  }

  async #runDue(schedule: CronSchedule, now: number): Promise<number | undefined> {
    const { due, tooManyMissed } = dueTime(this.cronJob, schedule, now);
    if (tooManyMissed) {
      const hint = 'Set or decrease .spec.startingDeadlineSeconds or check clock skew';
      this.#warn('TooManyMissedTimes', `too many missed start times. ${hint}`);
    }
    if (due !== undefined && this.#mayStart(due, now)) {
      if (this.cronJob.spec.concurrencyPolicy === 'Replace') await this.#replaceActive();
      if (!(await this.#start(due))) return undefined;
    }
    return nextWait(this.cronJob, schedule, now);
  }

  #mayStart(due: number, now: number): boolean {
    const { startingDeadlineSeconds, concurrencyPolicy } = this.cronJob.spec;
    const { active = [], lastScheduleTime } = this.cronJob.status ?? {};
    if (startingDeadlineSeconds !== undefined && due + startingDeadlineSeconds * 1000 < now) {
      const at = new Date(due).toUTCString().replace('GMT', '+0000');
      this.#warn('MissSchedule', `Missed scheduled time to start a job: ${at}`);
      return false;
    }
    const name = this.#nameAt(due);
    if (active.some((job) => job.name === name) || parseTime(lastScheduleTime) === due) return false;
    if (concurrencyPolicy === 'Forbid' && active.length > 0) {
      const why = 'prior execution is running and concurrency policy is Forbid';
      this.#tell('JobAlreadyActive', `Not starting job because ${why}`);
      return false;
    }
    return true;
  }

  async #replaceActive(): Promise<void> {
    for (const { name = '', namespace } of this.cronJob.status?.active ?? []) {
      let job: Job;
      try {
        job = await this.#tools.jobs.get(name, namespace);
      } catch (error) {
        this.#warn('FailedGet', `Get job: ${messageOf(error)}`);
        throw error;
      }
      await this.#delete(job);
    }
  }

  /** @returns false when the Job of that time is there already, and known or not ours */
  async #start(due: number): Promise<boolean> {
    const job = await this.#makeJob(this.#jobAt(due));
    if (!job) return false;
    const { active = [] } = this.cronJob.status ?? {};
    this.#setStatus({ active: [...active, referenceOf(job)], lastScheduleTime: formatTime(due) });
    return true;
  }

  async #makeJob(job: Job): Promise<Job | undefined> {
    const { jobs } = this.#tools;
    try {
      const made = await jobs.create(job);
      this.#tell('SuccessfulCreate', `Created job ${made.metadata.name}`);
      return made;
    } catch (error) {
      if (!isAlreadyExists(error)) {
        if (!isNamespaceTerminating(error)) this.#warn('FailedCreate', `Error creating job: ${messageOf(error)}`);
        throw error;
      }
    }
    const there = await jobs.get(job.metadata.name, job.metadata.namespace);
    return isControlledBy(there, this.cronJob) && !this.#isActive(there) ? there : undefined;
  }

  #nameAt(due: number): string {
    return `${this.cronJob.metadata.name}-${Math.floor(due / MINUTE)}`;
  }

  #jobAt(due: number): Job {
    const { metadata, spec } = this.cronJob.spec.jobTemplate;
    const { timeZone } = this.cronJob.spec;
    return {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: {
        name: this.#nameAt(due),
        namespace: this.cronJob.metadata.namespace,
        ...(metadata?.labels ? { labels: metadata.labels } : {}),
        annotations: { ...metadata?.annotations, [SCHEDULED_AT]: localTime(due, timeZone) },
        ownerReferences: [controllerRefTo(this.cronJob, resources.cronJobs)],
      },
      spec: spec ?? { template: {} },
    };
  }

  async #keep(ended: readonly Job[], limit: number | undefined): Promise<void> {
    if (limit === undefined || ended.length <= limit) return;
    const oldest = [...ended].sort(byStart).slice(0, ended.length - limit);
    for (const job of oldest) await this.#delete(job).catch(() => {});
  }

  /** @throws StatusError, once it is told of */
  async #delete(job: Job): Promise<void> {
    const { name, namespace } = job.metadata;
    try {
      await this.#tools.jobs.delete(name, { namespace, propagationPolicy: 'Background' });
    } catch (error) {
      this.#warn('FailedDelete', `Deleted job: ${messageOf(error)}`);
      throw error;
    }
    this.#dropActive(uidOf(job));
    this.#tell('SuccessfulDelete', `Deleted job ${name}`);
  }

  #isActive(job: Job): boolean {
    return this.cronJob.status?.active?.some(({ uid }) => uid === job.metadata.uid) ?? false;
  }

  #dropActive(uid: string): void {
    const active = this.cronJob.status?.active ?? [];
    if (active.some((job) => job.uid === uid)) this.#setStatus({ active: active.filter((job) => job.uid !== uid) });
  }

  #succeededAt(time: string | undefined): void {
    if (parseTime(time) > parseTime(this.cronJob.status?.lastSuccessfulTime))
      this.#setStatus({ lastSuccessfulTime: time });
  }

  #setStatus(change: NonNullable<CronJob['status']>): void {
    const { active = [], ...status } = { ...this.cronJob.status, ...change };
    this.cronJob = { ...this.cronJob, status: { ...status, ...(active.length > 0 ? { active } : {}) } };
  }

  #tell(reason: string, message: string): void {
    this.#tools.recorder.event(this.cronJob, 'Normal', reason, message);
  }

  #warn(reason: string, message: string): void {
    this.#tools.recorder.event(this.cronJob, 'Warning', reason, message);
  }
}

/** RFC 3339 in the zone. */
function localTime(instant: number, zone = 'UTC'): string {
  const offset = zoneOffset(zone, instant);
  if (offset === 0) return formatTime(instant);
  const minutes = Math.abs(offset) / MINUTE;
  const digits = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  const ahead = `${offset < 0 ? '-' : '+'}${digits(minutes / 60)}:${digits(minutes % 60)}`;
  return formatTime(instant + offset).replace('Z', ahead);
}

/** The earliest first; those that never started last. */
function byStart(a: Job, b: Job): number {
  const startOf = ({ status }: Job): number => parseTime(status?.startTime) || Number.MAX_SAFE_INTEGER;
  return startOf(a) - startOf(b) || (a.metadata.name < b.metadata.name ? -1 : 1);
}
