/**
 * When a schedule comes next (SpecSchedule.Next of github.com/robfig/cron/v3).
 *
 * An instant matches when its local fields do: a local time that a change of clocks skips does not come that day, one that
 * comes twice matches twice. Invariant: past YEARS years nothing is looked for ("0 0 30 2 *" never comes).
 */
import type { CronSchedule, FieldSchedule } from './cron-schedule.ts';

const YEARS = 5;
const MINUTE = 60_000;
const DAY = 86_400_000;

/**
 * The first time after `after`; undefined when there is none. Milliseconds since the epoch.
 * @param zone IANA name, unless the schedule names one; UTC unless told
 */
export function nextTime(schedule: CronSchedule, after: number, zone = 'UTC'): number | undefined {
  if (schedule.kind === 'every') return Math.floor(after / 1000) * 1000 + schedule.interval;
  const offsetAt = zoneOffsets(schedule.zone ?? zone);
  const today = Math.floor((after + offsetAt(after)) / DAY) * DAY;
  // A day before: clocks that are set back over midnight repeat the end of yesterday.
  for (let day = today - DAY; day <= today + YEARS * 366 * DAY; day += DAY) {
    if (!matchesDay(schedule, new Date(day))) continue;
    const found = firstIn(schedule, day, after, offsetAt);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** @param day a local date, as the instant at which it begins in UTC */
function matchesDay({ months, days, weekdays, bothDays }: FieldSchedule, day: Date): boolean {
  if (!months.has(day.getUTCMonth() + 1)) return false;
  const [inMonth, inWeek] = [days.has(day.getUTCDate()), weekdays.has(day.getUTCDay())];
  return bothDays ? inMonth && inWeek : inMonth || inWeek;
}

/** How far a zone's local time is ahead of UTC at an instant, milliseconds. */
export function zoneOffset(zone: string, instant: number): number {
  return zoneOffsets(zone)(instant);
}

type Offsets = (instant: number) => number;

function firstIn(schedule: FieldSchedule, day: number, after: number, offsetAt: Offsets): number | undefined {
  const offsets = new Set([offsetAt(day - DAY), offsetAt(day), offsetAt(day + DAY), offsetAt(day + 2 * DAY)]);
  const found = [...offsets].map((offset) => firstWith(schedule, { day, after, offset, offsetAt }));
  const known = found.filter((instant) => instant !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

/** The first match of the day among the instants that have this offset from UTC. */
function firstWith(
  { hours, minutes }: FieldSchedule,
  { day, after, offset, offsetAt }: { day: number; after: number; offset: number; offsetAt: Offsets },
): number | undefined {
  for (const hour of ascending(hours)) {
    for (const minute of ascending(minutes)) {
      const instant = day + (hour * 60 + minute) * MINUTE - offset;
      if (instant > after && offsetAt(instant) === offset) return instant;
    }
  }
  return undefined;
}

function ascending(values: ReadonlySet<number>): number[] {
  return [...values].sort((a, b) => a - b);
}

function zoneOffsets(zone: string): Offsets {
  if (zone === 'UTC') return () => 0;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (instant) => {
    const parts = new Map(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
    const [year, month, day, hour, minute, second] = ['year', 'month', 'day', 'hour', 'minute', 'second'].map(
      (type) => parts.get(type as Intl.DateTimeFormatPartTypes) ?? 0,
    );
    const local = Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second);
    return local - Math.floor(instant / 1000) * 1000;
  };
}
