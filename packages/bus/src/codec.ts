/**
 * The msgpack of everything on the bus: plain maps, arrays, strings, numbers, booleans, null and bytes.
 *
 * Invariants: fields that are undefined are left out, as JSON leaves them out; integers above 2^53 come back as numbers.
 * Limit of the library: a field named `__proto__` arrives as `__proto_`, so it can never reach an object's prototype.
 */
import { type Options, Packr } from 'msgpackr';

/** `skipValues` is missing from the library's types. */
const OPTIONS: Options & { readonly skipValues: readonly unknown[] } = {
  useRecords: false,
  mapsAsObjects: true,
  int64AsType: 'number',
  skipValues: [undefined],
};

const packr = new Packr(OPTIONS);

/** Packs a value. The bytes are the caller's own: no later call overwrites them. */
export function encode(value: unknown): Uint8Array {
  return packr.pack(value);
}

/** Unpacks one value. @throws Error when the bytes are not exactly one msgpack value */
export function decode(bytes: Uint8Array): unknown {
  return packr.unpack(bytes);
}

/** Unpacks values that stand back to back, in order. @throws Error when the bytes end inside a value */
export function decodeAll(bytes: Uint8Array): unknown[] {
  return packr.unpackMultiple(bytes);
}
