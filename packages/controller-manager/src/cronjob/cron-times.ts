/**
 * Which of a CronJob's times is due, and when it is to be looked at again (pkg/controller/cronjob/utils.go). All instants
 * are real ones, milliseconds since the epoch: a schedule speaks of the clock on the wall.
 */
import { type CronJob, type CronSchedule, nextTime } from '@regatta/api';
import { parseTime } from '../framework/timestamps.ts';

/** So many missed times are told of. */
const MANY_MISSED = 100;
/** After the instant, so that the pass does not come just before it. */
const DELAY_MS = 100;

export interface DueTime {
  /** The latest time that has come since the last; undefined when none has. */
  readonly due?: number;
  readonly tooManyMissed: boolean;
}

interface Recent {
  readonly since: number;
  readonly latest?: number;
  readonly missed: number;
}

export class UnreachableScheduleError extends Error {
  readonly code = 'unreachable-schedule';
  override readonly message = 'time difference between two schedules is less than 1 second';
}

/** @throws UnreachableScheduleError for a schedule that never comes twice */
export function dueTime(job: CronJob, schedule: CronSchedule, now: number): DueTime {
  const { startingDeadlineSeconds } = job.spec;
  const earliest = startingDeadlineSeconds === undefined ? 0 : now - startingDeadlineSeconds * 1000;
  const { latest, missed } = recentTimes(job, schedule, now, earliest);
  return {
    ...(latest === undefined ? {} : { due: latest }),
    tooManyMissed: latest !== undefined && missed > MANY_MISSED,
  };
}

/** Milliseconds until the next time; undefined when it never comes. */
export function nextWait(job: CronJob, schedule: CronSchedule, now: number): number | undefined {
  const { since, latest, missed } = recentTimes(job, schedule, now, 0);
  const next = nextTime(schedule, latest ?? (missed === 0 ? since : now), job.spec.timeZone);
  return next === undefined ? undefined : next + DELAY_MS - now;
}

/**
 * Missed times are estimated from the distance of the first two, so that years of them cost nothing; the latest is then
 * looked for near the end, where irregular schedules are exact again.
 */
function recentTimes(
  { metadata, spec, status }: CronJob,
  schedule: CronSchedule,
  now: number,
  earliest: number,
): Recent {
  const since = Math.max(parseTime(status?.lastScheduleTime) || parseTime(metadata.creationTimestamp), earliest);
  const after = (instant: number): number | undefined => nextTime(schedule, instant, spec.timeZone);
  const first = after(since);
  const second = first === undefined ? undefined : after(first);
  if (first === undefined || second === undefined) throw new UnreachableScheduleError();
  if (now < first) return { since, missed: 0 };
  if (now < second) return { since, latest: first, missed: 0 };
  const distance = second - first;
  const missed = Math.floor((now - first) / distance) + 1;
  let latest: number | undefined;
  for (let t = after(first + (missed - 2) * distance); t !== undefined && t <= now; t = after(t)) latest = t;
  return { since, missed, ...(latest === undefined ? {} : { latest }) };
}
