/**
 * Schedules of CronJobs, read as upstream reads them and refused in its words (ParseStandard of github.com/robfig/cron/v3).
 */

/** Minutes at which a field of local time matches. */
export interface FieldSchedule {
  readonly kind: 'fields';
  /** IANA name that the text itself names. */
  readonly zone?: string;
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly days: ReadonlySet<number>;
  /** 1 is January. */
  readonly months: ReadonlySet<number>;
  /** 0 is Sunday. */
  readonly weekdays: ReadonlySet<number>;
  /** Whether a day must match both as day of the month and of the week, because one of the two is any; else either. */
  readonly bothDays: boolean;
}

export interface IntervalSchedule {
  readonly kind: 'every';
  /** Milliseconds, whole seconds. */
  readonly interval: number;
}

export type CronSchedule = FieldSchedule | IntervalSchedule;

export class ScheduleError extends Error {
  readonly code = 'bad-schedule';
}

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly names: readonly string[];
}

interface Field {
  readonly values: ReadonlySet<number>;
  /** `*` without a step. */
  readonly any: boolean;
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
/** Minute, hour, day of month, month, day of week. */
const FIELDS: readonly Bounds[] = [
  { min: 0, max: 59, names: [] },
  { min: 0, max: 23, names: [] },
  { min: 1, max: 31, names: [] },
  { min: 1, max: 12, names: MONTHS },
  { min: 0, max: 6, names: DAYS },
];
const DESCRIPTORS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};
const EVERY = '@every ';
const DURATION = /^([+-]?)(0|(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/;
const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 6e4,
  h: 3.6e6,
};

/** @returns what is wrong, undefined when nothing is */
export function scheduleProblem(schedule: string): string | undefined {
  try {
    parseCronSchedule(schedule);
    return undefined;
  } catch (error) {
    if (error instanceof ScheduleError) return error.message;
    throw error;
  }
}

/** @throws ScheduleError */
export function parseCronSchedule(schedule: string): CronSchedule {
  const named = /^(?:TZ|CRON_TZ)=([^ ]*)/.exec(schedule);
  const zone = named?.[1];
  if (zone !== undefined && !isTimeZone(zone)) {
    throw new ScheduleError(`provided bad location ${zone}: unknown time zone ${zone}`);
  }
  const text = named ? schedule.slice(named[0].length).trim() : schedule;
  if (text.startsWith(EVERY)) return { kind: 'every', interval: intervalOf(text) };
  if (!text.startsWith('@')) return fieldsOf(text, zone);
  const fields = Object.hasOwn(DESCRIPTORS, text) ? DESCRIPTORS[text] : undefined;
  if (fields === undefined) throw new ScheduleError(`unrecognized descriptor: ${text}`);
  return fieldsOf(fields, zone);
}

export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function fieldsOf(text: string, zone: string | undefined): FieldSchedule {
  const texts = text.split(/\s+/).filter(Boolean);
  if (texts.length !== FIELDS.length) {
    throw new ScheduleError(`expected exactly ${FIELDS.length} fields, found ${texts.length}: [${texts.join(' ')}]`);
  }
  const [minute, hour, day, month, weekday] = FIELDS.map((bounds, i) => fieldOf(texts[i] ?? '', bounds));
  return {
    kind: 'fields',
    ...(zone === undefined ? {} : { zone }),
    minutes: valuesOf(minute),
    hours: valuesOf(hour),
    days: valuesOf(day),
    months: valuesOf(month),
    weekdays: valuesOf(weekday),
    bothDays: (day?.any ?? false) || (weekday?.any ?? false),
  };
}

function valuesOf(field: Field | undefined): ReadonlySet<number> {
  return field?.values ?? new Set();
}

/** At least a second, whole seconds. */
function intervalOf(text: string): number {
  const duration = text.slice(EVERY.length);
  const match = DURATION.exec(duration);
  if (!match) throw new ScheduleError(`failed to parse duration ${text}: time: invalid duration "${duration}"`);
  let ms = 0;
  for (const [, amount, unit] of duration.matchAll(/([\d.]+)([^\d.+-]+)/g))
    ms += Number(amount) * (UNIT_MS[unit ?? ''] ?? 0);
  return match[1] === '-' ? 1000 : Math.max(1000, Math.floor(ms / 1000) * 1000);
}

function fieldOf(text: string, bounds: Bounds): Field {
  const ranges = text
    .split(',')
    .filter(Boolean)
    .map((range) => rangeOf(range, bounds));
  return { values: new Set(ranges.flatMap(({ values }) => [...values])), any: ranges.some(({ any }) => any) };
}

/** `*`, `5`, `1-5`, each with `/step`; `5/2` goes on to the end. */
function rangeOf(text: string, bounds: Bounds): Field {
  const [range = '', stepText, ...moreSteps] = text.split('/');
  const [low = '', high, ...moreHyphens] = range.split('-');
  const all = low === '*' || low === '?';
  const start = all ? bounds.min : numberOf(low, bounds);
  if (!all && moreHyphens.length > 0) throw new ScheduleError(`too many hyphens: ${text}`);
  let end = start;
  if (all) end = bounds.max;
  else if (high !== undefined) end = numberOf(high, bounds);
  if (moreSteps.length > 0) throw new ScheduleError(`too many slashes: ${text}`);
  const step = stepText === undefined ? 1 : numberOf(stepText, undefined);
  if (stepText !== undefined && high === undefined) end = bounds.max;
  checkRange(text, { start, end, step }, bounds);
  const values = new Set<number>();
  for (let value = start; value <= end; value += step) values.add(value);
  return { values, any: all && step === 1 };
}

function checkRange(
  text: string,
  { start, end, step }: { readonly start: number; readonly end: number; readonly step: number },
  { min, max }: Bounds,
): void {
  const refuse = (why: string): never => {
    throw new ScheduleError(`${why}: ${text}`);
  };
  if (start < min) refuse(`beginning of range (${start}) below minimum (${min})`);
  if (end > max) refuse(`end of range (${end}) above maximum (${max})`);
  if (start > end) refuse(`beginning of range (${start}) beyond end of range (${end})`);
  if (step === 0) refuse('step of range should be a positive number');
}

function numberOf(text: string, bounds: Bounds | undefined): number {
  const name = bounds?.names.indexOf(text.toLowerCase()) ?? -1;
  if (bounds && name >= 0) return bounds.min + name;
  if (!/^[+-]?\d+$/.test(text)) {
    throw new ScheduleError(`failed to parse int from ${text}: strconv.Atoi: parsing "${text}": invalid syntax`);
  }
  const value = Number(text);
  if (value < 0) throw new ScheduleError(`negative number (${value}) not allowed: ${text}`);
  return value;
}
