/**
 * String formats that schemas can ask for (upstream: k8s.io/kube-openapi/pkg/validation/strfmt). Formats that are not
 * here are not checked, as upstream doesn't.
 */
import {
  type FieldError,
  FieldPath,
  isDNS1123Label,
  isDNS1123Subdomain,
  isValidCIDR,
  isValidIPv4,
  isValidIPv6,
} from '@regatta/api';

const NOWHERE = FieldPath.root();
const passes =
  (check: (path: FieldPath, value: string) => FieldError[]) =>
  (text: string): boolean =>
    check(NOWHERE, text).length === 0;

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const uuidOf =
  (version: string, variant = '[89ab]') =>
  (text: string): boolean =>
    new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}[0-9a-f]{3}-?${variant}[0-9a-f]{3}-?[0-9a-f]{12}$`, 'i').test(
      text,
    );
const HOSTNAME =
  /^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z\p{L}]){2,63})$/u;
const EMAIL = /^[^\s@<>()[\],;:"]+@[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?$/;
const DATE_TIME =
  /^(\d{4})-(\d{2})-(\d{2})[Tt]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$/;
const DURATION =
  /^(?:\d+(?:\.\d+)?\s*(?:ns|us|µs|ms|s|m|h|hr|hour|min|sec|second|minute|day|d|w|wk|week|milli|micro|nano)s?\s*)+$/i;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** Longer strings are no names, addresses or times. */
const LONGEST = 4096;

const CHECKS: ReadonlyMap<string, (text: string) => boolean> = new Map<string, (text: string) => boolean>([
  ['date-time', (text) => DATE_TIME.test(text) && isDate(text.slice(0, 10))],
  ['datetime', (text) => DATE_TIME.test(text) && isDate(text.slice(0, 10))],
  ['date', (text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && isDate(text)],
  ['duration', (text) => DURATION.test(text)],
  ['ipv4', passes(isValidIPv4)],
  ['ipv6', passes(isValidIPv6)],
  ['cidr', passes(isValidCIDR)],
  ['mac', (text) => /^[0-9a-f]{2}([:-][0-9a-f]{2}){5}([:-][0-9a-f]{2}){0,2}$/i.test(text)],
  ['uuid', (text) => UUID.test(text)],
  ['uuid3', uuidOf('3', '[0-9a-f]')],
  ['uuid4', uuidOf('4')],
  ['uuid5', uuidOf('5')],
  ['uri', isUri],
  ['email', (text) => EMAIL.test(text)],
  ['hostname', (text) => text.length < 256 && HOSTNAME.test(text)],
  ['bsonobjectid', (text) => /^[0-9a-f]{24}$/i.test(text)],
  ['hexcolor', (text) => /^#?([0-9a-f]{3}|[0-9a-f]{6})$/i.test(text)],
  ['rgbcolor', isRgbColor],
  ['creditcard', (text) => isLuhn(text.replace(/[\s-]/g, ''))],
  ['ssn', (text) => /^\d{3}[- ]?\d{2}[- ]?\d{4}$/.test(text)],
  ['isbn', (text) => isIsbn10(text) || isIsbn13(text)],
  ['isbn10', isIsbn10],
  ['isbn13', isIsbn13],
  ['byte', (text) => BASE64.test(text)],
  ['k8s-short-name', (text) => isDNS1123Label(text).length === 0],
  ['k8s-long-name', (text) => isDNS1123Subdomain(text).length === 0],
]);

/** Undefined for a format that nobody checks. */
export function formatCheck(format: string): ((text: string) => boolean) | undefined {
  const check = CHECKS.get(format);
  // Only bytes may be long.
  return check && (format === 'byte' ? check : (text) => text.length <= LONGEST && check(text));
}

function isDate(text: string): boolean {
  const [year = 0, month = 0, day = 0] = text.split('-').map(Number);
  if (month < 1 || month > 12 || day < 1) return false;
  return day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

function isUri(text: string): boolean {
  if (text === '') return false;
  return URL.canParse(text) || /^\/\S*$/.test(text);
}

function isRgbColor(text: string): boolean {
  const parts = /^rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)$/.exec(text);
  return parts?.slice(1).every((part) => Number(part) <= 255) ?? false;
}

function isLuhn(digits: string): boolean {
  if (!/^\d{13,19}$/.test(digits)) return false;
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    sum += i % 2 === 0 ? digit : digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
  }
  return sum % 10 === 0;
}

function isIsbn10(text: string): boolean {
  const digits = text.replace(/[\s-]/g, '');
  if (!/^\d{9}[\dX]$/.test(digits)) return false;
  const sum = [...digits].reduce((total, digit, i) => total + (10 - i) * (digit === 'X' ? 10 : Number(digit)), 0);
  return sum % 11 === 0;
}

function isIsbn13(text: string): boolean {
  const digits = text.replace(/[\s-]/g, '');
  if (!/^\d{13}$/.test(digits)) return false;
  const sum = [...digits].reduce((total, digit, i) => total + Number(digit) * (i % 2 === 0 ? 1 : 3), 0);
  return sum % 10 === 0;
}
