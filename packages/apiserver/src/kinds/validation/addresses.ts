/**
 * IP addresses and networks in fields of kinds that are older than strict rules for them
 * (upstream: IsValidIPForLegacyField …, ValidateNonSpecialIP of pkg/apis/core/validation). What an object has already may
 * stay, however it is written.
 */
import { cidrProblems, goQuote, ipProblems, type ParsedIp, parseCidr, parseIp } from '@regatta/api';
import type { ErrorList } from './error-list.ts';
import type { Path } from './path.ts';

const NONE: ReadonlySet<string> = new Set();

/** 0, 4 or 6. Zones are refused. */
export function ipFamily(text: string): 0 | 4 | 6 {
  return parseIp(text)?.family ?? 0;
}

export function isIPv6Text(text: string): boolean {
  return ipFamily(text) === 6;
}

/** 0, 4 or 6. */
export function cidrFamily(text: string): 0 | 4 | 6 {
  return parseCidr(text)?.address.family ?? 0;
}

/** @param kept what the object had before */
export function checkIp(errors: ErrorList, path: Path, text: string, kept: ReadonlySet<string> = NONE): boolean {
  return checkWritten(errors, path, text, kept.has(text) ? [] : ipProblems(text));
}

export function checkCidr(errors: ErrorList, path: Path, text: string, kept: ReadonlySet<string> = NONE): boolean {
  return checkWritten(errors, path, text, kept.has(text) ? [] : cidrProblems(text));
}

function checkWritten(errors: ErrorList, path: Path, text: string, problems: readonly string[]): boolean {
  errors.invalidEach(path, text, problems);
  return problems.length === 0;
}

/** Two entries, one of each family. */
export function isDualStack(families: readonly (0 | 4 | 6)[]): boolean {
  return families.includes(4) && families.includes(6);
}

/** Ranges that can't be an endpoint of anything, by family: what the bytes begin with. */
const SPECIAL: readonly { readonly is: (ip: ParsedIp) => boolean; readonly why: (text: string) => string }[] = [
  { is: ({ bytes }) => bytes.every((byte) => byte === 0), why: (text) => `may not be unspecified (${text})` },
  {
    is: ({ family, bytes }) =>
      family === 4 ? bytes[0] === 127 : bytes.every((byte, i) => byte === (i === 15 ? 1 : 0)),
    why: () => 'may not be in the loopback range (127.0.0.0/8, ::1/128)',
  },
  {
    is: ({ family, bytes: [a = 0, b = 0] }) => (family === 4 ? a === 169 && b === 254 : a === 0xfe && b >> 6 === 2),
    why: () => 'may not be in the link-local range (169.254.0.0/16, fe80::/10)',
  },
  {
    is: ({ family, bytes: [a = 0, b = 0, c = 0] }) =>
      family === 4 ? a === 224 && b === 0 && c === 0 : a === 0xff && (b & 0x0f) === 2,
    why: () => 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)',
  },
];

export function checkNonSpecialIp(errors: ErrorList, path: Path, text: string): void {
  const ip = parseIp(text);
  if (!ip) errors.invalid(path, text, 'must be a valid IP address');
  else for (const { is, why } of SPECIAL) if (is(ip)) errors.invalid(path, text, why(text));
}

/** Whether the first network is part of the second and smaller. Both are valid. */
export function isStrictSubset(inner: string, outer: string): boolean {
  const [part, whole] = [parseCidr(inner), parseCidr(outer)];
  if (!part || !whole || part.address.family !== whole.address.family || part.bits <= whole.bits) return false;
  return parseCidr(`${part.address.canonical}/${whole.bits}`)?.canonical === whole.canonical;
}

/** An address with the size of its network (upstream: IsValidInterfaceAddress). */
export function checkInterfaceAddress(errors: ErrorList, path: Path, text: string): void {
  const cidr = parseCidr(text);
  if (!cidr) {
    errors.invalid(path, text, 'must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)');
    return;
  }
  const canonical = `${cidr.address.canonical}/${cidr.bits}`;
  if (canonical !== text) errors.invalid(path, text, `must be in canonical form (${goQuote(canonical)})`);
}
