/**
 * Dates as text: strftime(3)'s conversions, in UTC as containers have it, and the forms that `date -d` reads.
 */
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const DAY_MS = 86_400_000;

export function formatDate(format: string, instant: number): string {
  return format.replace(/%([-_0^]?)(\d*)([a-zA-Z%:]|:z)/g, (text, flag: string, _width: string, letter: string) => {
    const value = conversion(letter, instant);
    if (value === undefined) return text;
    if (flag === '-') return value.replace(/^[0 ]+(?=.)/, '');
    if (flag === '_') return value.replace(/^0+(?=.)/, (zeros) => ' '.repeat(zeros.length));
    return flag === '^' ? value.toUpperCase() : value;
  });
}

function two(number: number, pad = '0'): string {
  return String(number).padStart(2, pad);
}

function conversion(letter: string, instant: number): string | undefined {
  const date = new Date(instant);
  const day = date.getUTCDay();
  const [month, hours] = [date.getUTCMonth(), date.getUTCHours()];
  const fields: Readonly<Record<string, () => string>> = {
    '%': () => '%',
    n: () => '\n',
    t: () => '\t',
    Y: () => String(date.getUTCFullYear()),
    C: () => two(Math.floor(date.getUTCFullYear() / 100)),
    y: () => two(date.getUTCFullYear() % 100),
    m: () => two(month + 1),
    d: () => two(date.getUTCDate()),
    e: () => two(date.getUTCDate(), ' '),
    H: () => two(hours),
    k: () => two(hours, ' '),
    I: () => two(hours % 12 || 12),
    l: () => two(hours % 12 || 12, ' '),
    M: () => two(date.getUTCMinutes()),
    S: () => two(date.getUTCSeconds()),
    N: () => `${String(date.getUTCMilliseconds()).padStart(3, '0')}000000`,
    p: () => (hours < 12 ? 'AM' : 'PM'),
    P: () => (hours < 12 ? 'am' : 'pm'),
    s: () => String(Math.floor(instant / 1000)),
    a: () => (DAYS[day] ?? '').slice(0, 3),
    A: () => DAYS[day] ?? '',
    b: () => (MONTHS[month] ?? '').slice(0, 3),
    h: () => (MONTHS[month] ?? '').slice(0, 3),
    B: () => MONTHS[month] ?? '',
    u: () => String(day || 7),
    w: () => String(day),
    j: () => String(yearDay(date)).padStart(3, '0'),
    U: () => two(Math.floor((yearDay(date) + 6 - day) / 7)),
    W: () => two(Math.floor((yearDay(date) + 6 - ((day + 6) % 7)) / 7)),
    V: () => two(isoWeek(date).week),
    G: () => String(isoWeek(date).year),
    Z: () => 'UTC',
    z: () => '+0000',
    ':z': () => '+00:00',
    F: () => date.toISOString().slice(0, 10),
    T: () => date.toISOString().slice(11, 19),
    R: () => date.toISOString().slice(11, 16),
    D: () => formatDate('%m/%d/%y', instant),
    x: () => formatDate('%m/%d/%y', instant),
    X: () => formatDate('%H:%M:%S', instant),
    r: () => formatDate('%I:%M:%S %p', instant),
    c: () => formatDate('%a %b %e %H:%M:%S %Y', instant),
  };
  return fields[letter]?.();
}

function yearDay(date: Date): number {
  return Math.floor(
    (Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()) - Date.UTC(date.getUTCFullYear(), 0, 0)) /
      DAY_MS,
  );
}

function isoWeek(date: Date): { year: number; week: number } {
  const thursday = new Date(
    Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate() + 4 - (date.getUTCDay() || 7)),
  );
  const year = thursday.getUTCFullYear();
  return { year, week: Math.ceil(((thursday.getTime() - Date.UTC(year, 0, 1)) / DAY_MS + 1) / 7) };
}

const UNIT_MS: Readonly<Record<string, number>> = {
  second: 1000,
  sec: 1000,
  minute: 60_000,
  min: 60_000,
  hour: 3_600_000,
  day: DAY_MS,
  week: 7 * DAY_MS,
  fortnight: 14 * DAY_MS,
};

/** `@seconds`, ISO dates, `YYYY-MM-DD HH:MM`, `now`, `yesterday`, `2 hours ago`, `+1 day`, busybox's MMDDhhmm forms. */
export function parseDate(text: string, now: number): number | undefined {
  const trimmed = text.trim();
  const seconds = /^@(-?[0-9]+(?:\.[0-9]+)?)$/.exec(trimmed);
  if (seconds) return Number(seconds[1]) * 1000;
  const relative = parseRelative(trimmed.toLowerCase(), now);
  if (relative !== undefined) return relative;
  const packed = /^(?:(\d{4})(?=\d{8}))?(\d{2})(\d{2})(\d{2})(\d{2})(?:\.(\d{2}))?$/.exec(trimmed);
  if (packed) {
    const [, year, month, day, hours, minutes, seconds_] = packed;
    return Date.UTC(
      Number(year ?? new Date(now).getUTCFullYear()),
      Number(month) - 1,
      Number(day),
      Number(hours),
      Number(minutes),
      Number(seconds_ ?? 0),
    );
  }
  const time = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(trimmed);
  if (time)
    return startOfDay(now) + Number(time[1]) * 3_600_000 + Number(time[2]) * 60_000 + Number(time[3] ?? 0) * 1000;
  const zoned = /(?:Z|UTC|GMT|[-+]\d{2}:?\d{2})$/i.test(trimmed)
    ? trimmed
    : `${trimmed.replace(/^(\d{4}-\d{2}-\d{2})$/, '$1T00:00:00').replace(' ', /^\d{4}-/.test(trimmed) ? 'T' : ' ')}${/^\d{4}-/.test(trimmed) ? 'Z' : ' UTC'}`;
  const parsed = Date.parse(zoned);
  return Number.isNaN(parsed) ? undefined : parsed;
}

function startOfDay(instant: number): number {
  return Math.floor(instant / DAY_MS) * DAY_MS;
}

function parseRelative(text: string, now: number): number | undefined {
  if (text === 'now' || text === '') return now;
  if (text === 'today') return now;
  if (text === 'yesterday') return now - DAY_MS;
  if (text === 'tomorrow') return now + DAY_MS;
  const match =
    /^(?:now\s*)?([-+]?)\s*(\d+|an?|next|last)\s*(second|sec|minute|min|hour|day|week|fortnight|month|year)s?(\s+ago)?$/.exec(
      text,
    );
  if (match === null) return undefined;
  const [, sign, count = '1', unit = '', ago] = match;
  const number = /^\d/.test(count) ? Number(count) : 1;
  const by = (sign === '-' ? -1 : 1) * (ago === undefined ? 1 : -1) * (count === 'last' ? -1 : 1) * number;
  const size = UNIT_MS[unit];
  if (size !== undefined) return now + by * size;
  const date = new Date(now);
  if (unit === 'month') date.setUTCMonth(date.getUTCMonth() + by);
  else date.setUTCFullYear(date.getUTCFullYear() + by);
  return date.getTime();
}
