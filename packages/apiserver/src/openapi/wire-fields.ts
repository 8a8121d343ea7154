/**
 * How JSON values become fields of protobuf messages, put together from small parts: a message is a table of its fields,
 * and wrappers stand for what gnostic's schema has in addition to the JSON (oneofs, maps as repeated pairs).
 *
 * Invariants: fields are written in ascending order; what has proto3's default is left out.
 */
import type { WireWriter } from '@regatta/api';

/** Writes a value as the field of that number. */
export type Put = (writer: WireWriter, number: number, value: unknown) => void;

export interface Message {
  readonly fields: Readonly<Record<string, readonly [number: number, put: Put]>>;
  /** Number of the field that takes members whose names begin with `x-`. */
  readonly extensions?: number;
}

type Values = Readonly<Record<string, unknown>>;

const VARINT = 0;
const FIXED64 = 1;

export const text: Put = (writer, number, value) => {
  if (value !== '') writer.text(number, String(value));
};
export const bool: Put = (writer, number, value) => {
  if (value !== true) return;
  writer.tag(number, VARINT);
  writer.varint(1);
};
export const integer: Put = (writer, number, value) => {
  if (value === 0) return;
  writer.tag(number, VARINT);
  writer.varint(Number(value));
};
export const double: Put = (writer, number, value) => {
  if (value === 0) return;
  writer.tag(number, FIXED64);
  writer.double(Number(value));
};

/** A value of any shape travels as YAML, which JSON is as well. */
export const any: Put = (writer, number, value) => {
  const start = writer.open(number);
  writer.text(2, `${JSON.stringify(value)}\n`);
  writer.close(start);
};

export function each(put: Put): Put {
  return (writer, number, values) => {
    for (const value of values as Iterable<unknown>) put(writer, number, value);
  };
}

/** A map as pairs of a name (1) and a value (2). */
export function named(put: Put): Put {
  return (writer, number, values) => {
    for (const [name, value] of Object.entries(values as Values)) {
      const start = writer.open(number);
      text(writer, 1, name);
      put(writer, 2, value);
      writer.close(start);
    }
  };
}

/** A message around the value that has it as its field `inner`. */
export function inside(inner: number, put: Put): Put {
  return (writer, number, value) => {
    const start = writer.open(number);
    put(writer, inner, value);
    writer.close(start);
  };
}

/** @param of asked at each value: messages contain each other */
export function message(of: () => Message): Put {
  return (writer, number, value) => {
    const start = writer.open(number);
    writeMessage(writer, of(), value as Values);
    writer.close(start);
  };
}

/** The fields of a message, without a tag around them. */
export function writeMessage(writer: WireWriter, { fields, extensions }: Message, values: Values): void {
  for (const [name, [number, put]] of Object.entries(fields)) {
    if (Object.hasOwn(values, name) && values[name] !== undefined) put(writer, number, values[name]);
  }
  if (extensions === undefined) return;
  const others = Object.entries(values).filter(([name]) => name.startsWith('x-'));
  named(any)(writer, extensions, Object.fromEntries(others));
}
