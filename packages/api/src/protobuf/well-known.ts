/**
 * Messages whose JSON form is not an object of their fields (upstream: apimachinery's Quantity, Time, IntOrString,
 * RawExtension … and apiextensions' schema unions).
 */
import { ProtobufError } from './wire-reader.ts';

/** The message's fields by protobuf name → its JSON value. */
export type FromFields = (fields: Readonly<Record<string, unknown>>) => unknown;

/** A JSON value → the message's fields by protobuf name. */
export type ToFields = (value: unknown) => Readonly<Record<string, unknown>>;

interface WellKnown {
  readonly from: FromFields;
  readonly to: ToFields;
}

const META = 'k8s.io.apimachinery.pkg.apis.meta.v1';

const items: WellKnown = { from: (fields) => fields['items'] ?? [], to: (value) => ({ items: value }) };
const raw: WellKnown = {
  from: (fields) => parseRaw(fields['raw'] ?? fields['Raw']),
  to: (value) => {
    const bytes = Buffer.from(JSON.stringify(value));
    return { raw: bytes, Raw: bytes };
  },
};

const BY_NAME: ReadonlyMap<string, WellKnown> = new Map<string, WellKnown>([
  [
    'k8s.io.apimachinery.pkg.api.resource.Quantity',
    { from: (fields) => fields['string'] ?? '0', to: (value) => ({ string: String(value) }) },
  ],
  [
    'k8s.io.apimachinery.pkg.util.intstr.IntOrString',
    {
      from: (fields) => (fields['type'] === 1 ? (fields['strVal'] ?? '') : (fields['intVal'] ?? 0)),
      to: (value) => (typeof value === 'string' ? { type: 1, strVal: value } : { type: 0, intVal: value }),
    },
  ],
  [`${META}.Time`, { from: (fields) => instant(fields, 0), to: secondsAndNanos }],
  [`${META}.MicroTime`, { from: (fields) => instant(fields, 6), to: secondsAndNanos }],
  [`${META}.FieldsV1`, raw],
  [`${META}.Verbs`, items],
  ['k8s.io.apimachinery.pkg.runtime.RawExtension', raw],
]);

const BY_LAST_NAME: ReadonlyMap<string, WellKnown> = new Map<string, WellKnown>([
  ['JSON', raw],
  ['ExtraValue', items],
  [
    'JSONSchemaPropsOrArray',
    {
      from: (fields) => fields['schema'] ?? fields['jSONSchemas'] ?? [],
      to: (value) => (Array.isArray(value) ? { jSONSchemas: value } : { schema: value }),
    },
  ],
  [
    'JSONSchemaPropsOrBool',
    {
      from: (fields) => fields['schema'] ?? fields['allows'] ?? false,
      to: (value) => (typeof value === 'boolean' ? { allows: value } : { allows: true, schema: value }),
    },
  ],
  [
    'JSONSchemaPropsOrStringArray',
    {
      from: (fields) => fields['schema'] ?? fields['property'] ?? [],
      to: (value) => (Array.isArray(value) ? { property: value } : { schema: value }),
    },
  ],
]);

function wellKnown(message: string): WellKnown | undefined {
  return BY_NAME.get(message) ?? BY_LAST_NAME.get(message.slice(message.lastIndexOf('.') + 1));
}

/** Undefined for messages whose JSON form is an object of their fields. */
export function fromMessageFields(message: string): FromFields | undefined {
  return wellKnown(message)?.from;
}

/** Undefined for messages whose JSON form is an object of their fields. */
export function toMessageFields(message: string): ToFields | undefined {
  return wellKnown(message)?.to;
}

interface Instant {
  readonly seconds?: number;
  readonly nanos?: number;
}

/** The instants of an object are few, and often its neighbour's as well. */
let lastText = '';
let lastInstant: Instant = {};

/** RFC 3339 text, with up to nine digits of a fraction. */
function secondsAndNanos(value: unknown): Readonly<Record<string, unknown>> {
  const text = String(value);
  if (text !== lastText) {
    lastInstant = instantOf(text);
    lastText = text;
  }
  return lastInstant as Readonly<Record<string, unknown>>;
}

function instantOf(text: string): Instant {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) return {};
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? '';
  return { seconds: Math.floor(ms / 1000), nanos: Number(fraction.padEnd(9, '0').slice(0, 9)) };
}

/** An empty message is Go's zero time, which JSON writes as null. */
function instant(fields: Readonly<Record<string, unknown>>, digits: 0 | 6): string | null {
  const { seconds, nanos } = fields;
  if (seconds === undefined && nanos === undefined) return null;
  const date = new Date(Number(seconds ?? 0) * 1000);
  if (Number.isNaN(date.getTime())) throw new ProtobufError('a time is out of range');
  const whole = date.toISOString().slice(0, 19);
  if (digits === 0) return `${whole}Z`;
  return `${whole}.${String(Math.floor(Number(nanos ?? 0) / 1000)).padStart(digits, '0')}Z`;
}

/** @param base64 bytes as the decoder gives them */
function parseRaw(base64: unknown): unknown {
  const text = typeof base64 === 'string' ? Buffer.from(base64, 'base64').toString() : '';
  if (text === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    throw new ProtobufError('a raw value is no JSON');
  }
}
