/**
 * Times as metav1.Time and MicroTime read and write them: RFC 3339 in, UTC out with seconds or microseconds. Errors are
 * those of Go's time.Parse.
 */
import { goQuote } from '../go-quote.ts';
import { DecodeError } from './decode-report.ts';

const LAYOUTS = {
  seconds: '2006-01-02T15:04:05Z07:00',
  micros: '2006-01-02T15:04:05.000000Z07:00',
} as const;
export type TimePrecision = keyof typeof LAYOUTS;

const CANONICAL = {
  seconds: /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/,
  micros: /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{6}Z$/,
} as const;

/** One element of the layout: what stands in the text, its name in the layout, its range. */
interface Element {
  readonly layout: string;
  readonly pattern: RegExp;
  readonly range?: { readonly name: string; readonly min: number; readonly max: number };
}
const ELEMENTS: readonly Element[] = [
  { layout: '2006', pattern: /^\d{4}/ },
  { layout: '-', pattern: /^-/ },
  { layout: '01', pattern: /^\d{2}/, range: { name: 'month', min: 1, max: 12 } },
  { layout: '-', pattern: /^-/ },
  { layout: '02', pattern: /^\d{2}/, range: { name: 'day', min: 1, max: 31 } },
  { layout: 'T', pattern: /^T/ },
  { layout: '15', pattern: /^\d{1,2}/, range: { name: 'hour', min: 0, max: 23 } },
  { layout: ':', pattern: /^:/ },
  { layout: '04', pattern: /^\d{2}/, range: { name: 'minute', min: 0, max: 59 } },
  { layout: ':', pattern: /^:/ },
  { layout: '05', pattern: /^\d{2}/, range: { name: 'second', min: 0, max: 59 } },
];
const FRACTION = /^[.,]\d+/;
const ZONE = /^(?:Z|[+-]\d{2}:\d{2})/;

/** The time in the form that upstream writes. @throws DecodeError in the words of Go's time.Parse */
export function parseGoTime(text: string, precision: TimePrecision): string {
  if (CANONICAL[precision].test(text)) return text;
  checkSyntax(text, precision);
  const at = Date.parse(text.replace(/T(\d):/, 'T0$1:').replace(',', '.'));
  const fraction = /[.,](\d+)/.exec(text)?.[1] ?? '';
  const seconds = new Date(at).toISOString().slice(0, 19);
  return precision === 'seconds' ? `${seconds}Z` : `${seconds}.${fraction.padEnd(6, '0').slice(0, 6)}Z`;
}

function checkSyntax(text: string, precision: TimePrecision): void {
  const layout = LAYOUTS[precision];
  const fail = (rest: string, element: string): never => {
    const why = `parsing time ${goQuote(text)} as "${layout}": cannot parse ${goQuote(rest)} as "${element}"`;
    throw new DecodeError('value', why);
  };
  let rest = text;
  for (const { layout: element, pattern, range } of ELEMENTS) {
    const found = pattern.exec(rest)?.[0] ?? fail(rest, element);
    const value = Number(found);
    if (range && (value < range.min || value > range.max)) outOfRange(text, range.name);
    rest = rest.slice(found.length);
  }
  const fraction = FRACTION.exec(rest)?.[0] ?? '';
  if (precision === 'micros' && fraction.length !== 7) fail(rest, '.000000');
  rest = rest.slice(fraction.length);
  const zone = ZONE.exec(rest)?.[0] ?? fail(rest, 'Z07:00');
  rest = rest.slice(zone.length);
  if (rest !== '') throw new DecodeError('value', `parsing time ${goQuote(text)}: extra text: ${goQuote(rest)}`);
  checkDay(text);
}

function checkDay(text: string): void {
  const [year = 0, month = 0, day = 0] = text.slice(0, 10).split('-').map(Number);
  const days = new Date(Date.UTC(year, month, 0)).getUTCDate();
  if (day > days) outOfRange(text, 'day');
}

function outOfRange(text: string, what: string): never {
  throw new DecodeError('value', `parsing time ${goQuote(text)}: ${what} out of range`);
}
