/**
 * Names of what drivers publish: pools, attributes, requests, and lists of them with a limit
 * (upstream: pkg/apis/resource/validation/validation.go).
 */
import { isCIdentifier, isDNS1123Subdomain } from '@regatta/api';
import { checkCsiDriver } from '../core/pod-spec/file-volumes.ts';
import type { ErrorList } from '../validation/error-list.ts';
import { eachEntry, eachItem, type Maybe } from '../validation/lists.ts';
import type { Path } from '../validation/path.ts';

const MAX_POOL_NAME = 253;
const MAX_ID = 32;
/** A domain, a slash and an identifier. */
export const MAX_QUALIFIED_NAME = 63 + 1 + MAX_ID;
const NORMAL_UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const UUID = /^(urn:uuid:)?\{?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\}?$|^[0-9a-f]{32}$/i;
const NOT_NORMAL =
  'uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters';

export const checkDriver = (errors: ErrorList, at: Path, driver: Maybe<string>): void =>
  checkCsiDriver(errors, at, driver ?? '');

export function checkPoolName(errors: ErrorList, at: Path, name: Maybe<string>): void {
  if (!name) {
    errors.required(at);
    return;
  }
  if (Buffer.byteLength(name) > MAX_POOL_NAME) errors.tooLong(at, '', MAX_POOL_NAME);
  for (const part of name.split('/')) errors.invalidEach(at, part, isDNS1123Subdomain(part));
}

export function checkUid(errors: ErrorList, at: Path, uid: string): void {
  if (NORMAL_UUID.test(uid)) return;
  if (UUID.test(uid)) errors.invalid(at, uid, NOT_NORMAL);
  else errors.invalid(at, uid, `error validating uid: ${uuidProblem(uid)}`);
}

/** In the words of github.com/google/uuid. */
function uuidProblem(uid: string): string {
  const size = Buffer.byteLength(uid);
  if (![32, 36, 38, 45].includes(size)) return `invalid UUID length: ${size}`;
  return size === 45 && !/^urn:uuid:/i.test(uid) ? `invalid urn prefix: "${uid.slice(0, 9)}"` : 'invalid UUID format';
}

/** `model` or `gpu.example.com/model`; more than one slash goes unnoticed, as it does upstream. */
export function checkAttributeName(errors: ErrorList, at: Path, name: string): void {
  const [domain = '', id = '', ...more] = name.split('/');
  if (more.length > 0) return;
  if (!name.includes('/')) {
    checkIdentifier(errors, at, domain);
    return;
  }
  if (domain === '') errors.invalid(at, '', 'the domain must not be empty');
  else checkDriver(errors, at, domain);
  if (id === '') errors.invalid(at, '', 'the name must not be empty');
  else checkIdentifier(errors, at, id);
}

export function checkFullAttributeName(errors: ErrorList, at: Path, name: string): void {
  checkAttributeName(errors, at, name);
  if (!name.includes('/')) {
    errors.invalid(at, name, 'a fully qualified name must be a domain and a name separated by a slash');
  }
}

function checkIdentifier(errors: ErrorList, at: Path, id: string): void {
  if (Buffer.byteLength(id) > MAX_ID) errors.tooLong(at, '', MAX_ID);
  errors.invalidEach(at, id, isCIdentifier(id));
}

type Visit<T> = (item: T, at: Path) => void;

/** Past the limit nothing else is looked at. @param max no limit when negative */
export function checkItems<T>(
  errors: ErrorList,
  at: Path,
  items: Maybe<readonly T[]>,
  max: number,
  visit: Visit<T>,
): boolean {
  if (max >= 0 && items && items.length > max) {
    errors.tooMany(at, items.length, max);
    return false;
  }
  eachItem(items, at, visit);
  return true;
}

/** A list whose items have different keys. */
export function checkSet<T>(
  errors: ErrorList,
  at: Path,
  items: Maybe<readonly T[]>,
  max: number,
  visit: Visit<T>,
  keyOf: (item: T) => string,
): void {
  if (!checkItems(errors, at, items, max, visit)) return;
  const seen = new Set<string>();
  eachItem(items, at, (item, itemAt) => {
    const key = keyOf(item);
    if (seen.has(key)) errors.duplicate(itemAt, key);
    seen.add(key);
  });
}

export const itself = (item: string): string => item;

/** Keys are shown shortened where they are too long. */
export function checkMap<T>(
  errors: ErrorList,
  at: Path,
  map: Maybe<Readonly<Record<string, T>>>,
  { max = -1, longest }: { readonly max?: number; readonly longest: number },
  checkKey: (key: string, at: Path) => void,
  visit: Visit<T>,
): void {
  const size = Object.keys(map ?? {}).length;
  if (max >= 0 && size > max) {
    errors.tooMany(at, size, max);
    return;
  }
  eachEntry(map, (key, value) => {
    const keyAt = at.key(shortened(key, longest));
    checkKey(key, keyAt);
    visit(value, keyAt);
  });
}

function shortened(text: string, max: number): string {
  if (text.length <= max) return text;
  const kept = max - 3;
  return `${text.slice(0, Math.floor((kept + 1) / 2))}...${text.slice(text.length - Math.floor(kept / 2))}`;
}
