/**
 * Protobuf messages as JSON values, ready for the type's decoder, which knows what Go leaves out of JSON.
 *
 * Invariants: unknown fields are passed over; messages nest at most MAX_DEPTH deep; keys that come from users never reach
 * a prototype.
 */

import { setKey } from '../json/clone-json.ts';
import { ExactNumber } from '../json/exact-number.ts';
import type { MessageCatalogue, MessageField, ScalarType, ValueType } from './message-info.ts';
import { fromMessageFields } from './well-known.ts';
import { ProtobufError, type WireReader, WireType } from './wire-reader.ts';

/** Nested messages beyond this are refused; JSONSchemaProps and label selectors nest, at most some dozens deep. */
const MAX_DEPTH = 500;

type Fields = Record<string, unknown>;

/** @throws ProtobufError when the bytes are no such message */
export function decodeMessage(catalogue: MessageCatalogue, message: string, reader: WireReader, depth = 0): unknown {
  const fields: Fields = {};
  readFields(catalogue, message, reader, fields, depth);
  const fromFields = fromMessageFields(message);
  return fromFields ? fromFields(fields) : fields;
}

function readFields(
  catalogue: MessageCatalogue,
  message: string,
  reader: WireReader,
  into: Fields,
  depth: number,
): void {
  if (depth > MAX_DEPTH) throw new ProtobufError('messages nest too deep');
  const info = catalogue.get(message);
  while (!reader.done) {
    const { field: number, wireType } = reader.tag();
    const field = info.get(number);
    if (!field) reader.skip(wireType);
    else readField(catalogue, field, wireType, reader, into, depth);
  }
}

function readField(
  catalogue: MessageCatalogue,
  field: MessageField,
  wireType: number,
  reader: WireReader,
  into: Fields,
  depth: number,
): void {
  const { name, value, kind } = field;
  if (kind === 'map') return addEntry(catalogue, value, reader.slice(), objectAt(into, name), depth);
  if (kind === 'inline' && 'message' in value)
    return readFields(catalogue, value.message, reader.slice(), into, depth + 1);
  if (kind !== 'repeated') return setKey(into, name, readValue(catalogue, value, wireType, reader, depth));
  const list = listAt(into, name);
  const packed =
    'scalar' in value && wireType === WireType.bytes && value.scalar !== 'string' && value.scalar !== 'bytes';
  if (!packed) {
    list.push(readValue(catalogue, value, wireType, reader, depth));
    return;
  }
  for (const numbers = reader.slice(); !numbers.done; ) list.push(readScalar(value.scalar, numbers));
}

function readValue(
  catalogue: MessageCatalogue,
  value: ValueType,
  wireType: number,
  reader: WireReader,
  depth: number,
): unknown {
  if ('message' in value) {
    if (wireType !== WireType.bytes) throw new ProtobufError(`wrong wireType = ${wireType}`);
    return decodeMessage(catalogue, value.message, reader.slice(), depth + 1);
  }
  return readScalar(value.scalar, reader);
}

function readScalar(type: ScalarType, reader: WireReader): unknown {
  switch (type) {
    case 'string':
      return reader.slice().rest().toString('utf8');
    case 'bytes':
      return reader.slice().rest().toString('base64');
    case 'bool':
      return reader.varint() !== 0n;
    case 'int32':
      return Number(BigInt.asIntN(32, reader.varint()));
    case 'int64':
      return integer(BigInt.asIntN(64, reader.varint()));
    case 'double':
      return reader.double();
  }
}

function integer(value: bigint): number | ExactNumber {
  const near = Number(value);
  return Number.isSafeInteger(near) ? near : new ExactNumber(String(value));
}

/** A map's entry is a message of its own: key 1, value 2. */
function addEntry(catalogue: MessageCatalogue, type: ValueType, reader: WireReader, into: Fields, depth: number): void {
  let key = '';
  let value: unknown = 'scalar' in type ? zeroOf(type.scalar) : undefined;
  while (!reader.done) {
    const { field, wireType } = reader.tag();
    if (field === 1) key = reader.slice().rest().toString('utf8');
    else if (field === 2) value = readValue(catalogue, type, wireType, reader, depth);
    else reader.skip(wireType);
  }
  setKey(into, key, value ?? {});
}

function zeroOf(type: ScalarType): unknown {
  if (type === 'string' || type === 'bytes') return '';
  return type === 'bool' ? false : 0;
}

function objectAt(into: Fields, name: string): Fields {
  const existing = Object.hasOwn(into, name) ? into[name] : undefined;
  if (typeof existing === 'object' && existing !== null) return existing as Fields;
  const made: Fields = {};
  into[name] = made;
  return made;
}

function listAt(into: Fields, name: string): unknown[] {
  const existing = Object.hasOwn(into, name) ? into[name] : undefined;
  if (Array.isArray(existing)) return existing;
  const made: unknown[] = [];
  into[name] = made;
  return made;
}
