/**
 * JSON values of API types as protobuf messages: the reverse of decode-message.ts.
 *
 * A field is written when the JSON value has it: what Go would leave out of JSON is left out here as well, and reads as the
 * same zero value. Names that the message does not know (kind and apiVersion, which the envelope carries) are left out.
 */
import type { MessageCatalogue, MessageField, ScalarType, ValueType } from './message-info.ts';
import { WireType } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Writes the fields of `value` as the content of a message. */
export function encodeMessage(catalogue: MessageCatalogue, message: string, value: unknown, writer: WireWriter): void {
  const { fields, toFields } = catalogue.plan(message);
  const values = toFields ? toFields(value) : value;
  if (typeof values !== 'object' || values === null) return;
  for (const [number, field] of fields) writeField(catalogue, number, field, values as Fields, writer);
}

function writeField(
  catalogue: MessageCatalogue,
  number: number,
  field: MessageField,
  fields: Fields,
  writer: WireWriter,
): void {
  if (field.kind === 'inline') return writeInline(catalogue, number, field.value, fields, writer);
  const value = fields[field.name];
  if (value === undefined || value === null || !Object.hasOwn(fields, field.name)) return;
  if (field.kind === 'map') return writeMap(catalogue, number, field.value, value, writer);
  if (field.kind === 'single') return writeValue(catalogue, number, field.value, value, writer);
  if (Array.isArray(value)) for (const item of value) writeValue(catalogue, number, field.value, item, writer);
}

/** What Go embeds: a message of its own with fields that JSON has one level higher. */
function writeInline(
  catalogue: MessageCatalogue,
  number: number,
  value: ValueType,
  fields: Fields,
  writer: WireWriter,
): void {
  if (!('message' in value)) return;
  const before = writer.length;
  const start = writer.open(number);
  encodeMessage(catalogue, value.message, fields, writer);
  if (writer.length === start) writer.discard(before);
  else writer.close(start);
}

/** An entry of a map is a message: key 1, value 2. */
function writeMap(
  catalogue: MessageCatalogue,
  number: number,
  type: ValueType,
  map: unknown,
  writer: WireWriter,
): void {
  if (typeof map !== 'object' || map === null) return;
  for (const [key, value] of Object.entries(map)) {
    const start = writer.open(number);
    writer.text(1, key);
    writeValue(catalogue, 2, type, value, writer);
    writer.close(start);
  }
}

function writeValue(
  catalogue: MessageCatalogue,
  number: number,
  type: ValueType,
  value: unknown,
  writer: WireWriter,
): void {
  if ('scalar' in type) return writeScalar(number, type.scalar, value, writer);
  const start = writer.open(number);
  encodeMessage(catalogue, type.message, value, writer);
  writer.close(start);
}

function writeScalar(number: number, type: ScalarType, value: unknown, writer: WireWriter): void {
  switch (type) {
    case 'string':
      return writer.text(number, String(value));
    case 'bytes':
      return writer.raw(number, value instanceof Uint8Array ? value : Buffer.from(String(value), 'base64'));
    case 'bool':
      writer.tag(number, WireType.varint);
      return writer.varint(value === true ? 1 : 0);
    case 'int32':
    case 'int64':
      writer.tag(number, WireType.varint);
      return writer.varint(typeof value === 'bigint' ? value : Math.trunc(Number(value)));
    case 'double':
      writer.tag(number, WireType.fixed64);
      return writer.double(Number(value));
  }
}
