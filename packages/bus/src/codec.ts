/**
 * The msgpack of everything on the bus: plain maps, arrays, strings, numbers, booleans, null and bytes.
 *
 * Invariants: fields that are undefined are left out, as JSON leaves them out; integers above 2^53 come back as numbers.
 * A field named `__proto__`, which users may choose as a key, arrives as a field and never as a prototype: the library would
 * rename it, so bytes that hold the name are read as maps first.
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
const mapPackr = new Packr({ ...OPTIONS, mapsAsObjects: false });
const PROTO = Buffer.from('__proto__');

/** Packs a value. The bytes are the caller's own: no later call overwrites them. */
export function encode(value: unknown): Uint8Array {
  return packr.pack(value);
}

/** Unpacks one value. @throws Error when the bytes are not exactly one msgpack value */
export function decode(bytes: Uint8Array): unknown {
  return namesProto(bytes) ? plain(mapPackr.unpack(bytes)) : packr.unpack(bytes);
}

/** Unpacks values that stand back to back, in order. @throws Error when the bytes end inside a value */
export function decodeAll(bytes: Uint8Array): unknown[] {
  return namesProto(bytes) ? mapPackr.unpackMultiple(bytes).map(plain) : packr.unpackMultiple(bytes);
}

function namesProto(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(PROTO);
}

/** Maps as objects, whose every key is their own. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (!(value instanceof Map)) return value;
  const object = {};
  for (const [key, field] of value) {
    Object.defineProperty(object, String(key), {
      value: plain(field),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return object;
}
