/**
 * Whether a schedule can be read, and why not in upstream's words (upstream: ParseStandard of github.com/robfig/cron/v3).
 */

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly names: readonly string[];
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
const DESCRIPTORS = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'];
const EVERY = '@every ';
const DURATION = /^[+-]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$/;

class ScheduleError extends Error {
  readonly code = 'bad-schedule';
}

/** @returns what is wrong, undefined when nothing is */
export function scheduleProblem(schedule: string): string | undefined {
  try {
    checkSchedule(schedule);
    return undefined;
  } catch (error) {
    if (error instanceof ScheduleError) return error.message;
    throw error;
  }
}

function checkSchedule(schedule: string): void {
  let text = schedule;
  const zone = /^(?:TZ|CRON_TZ)=([^ ]*)/.exec(text);
  if (zone) {
    if (!isTimeZone(zone[1] ?? '')) {
      throw new ScheduleError(`provided bad location ${zone[1]}: unknown time zone ${zone[1]}`);
    }
    text = text.slice(zone[0].length).trim();
  }
  if (text.startsWith('@')) {
    checkDescriptor(text);
    return;
  }
  const fields = text.split(/\s+/).filter(Boolean);
  if (fields.length !== FIELDS.length) {
    throw new ScheduleError(`expected exactly ${FIELDS.length} fields, found ${fields.length}: [${fields.join(' ')}]`);
  }
  for (const [i, bounds] of FIELDS.entries()) {
    for (const range of (fields[i] ?? '').split(',').filter(Boolean)) checkRange(range, bounds);
  }
}

function checkDescriptor(text: string): void {
  if (DESCRIPTORS.includes(text)) return;
  if (!text.startsWith(EVERY)) throw new ScheduleError(`unrecognized descriptor: ${text}`);
  const duration = text.slice(EVERY.length);
  if (DURATION.test(duration)) return;
  throw new ScheduleError(`failed to parse duration ${text}: time: invalid duration "${duration}"`);
}

/** `*`, `5`, `1-5`, each with `/step`. */
function checkRange(text: string, bounds: Bounds): void {
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
  const refuse = (why: string): never => {
    throw new ScheduleError(`${why}: ${text}`);
  };
  if (start < bounds.min) refuse(`beginning of range (${start}) below minimum (${bounds.min})`);
  if (end > bounds.max) refuse(`end of range (${end}) above maximum (${bounds.max})`);
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

export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
