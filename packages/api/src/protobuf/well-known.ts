/**
 * Messages whose JSON form is not an object of their fields (upstream: apimachinery's Quantity, Time, IntOrString,
 * RawExtension … and apiextensions' schema unions).
 */
import { ProtobufError } from './wire-reader.ts';

/** The message's fields by protobuf name → its JSON value. */
export type FromFields = (fields: Readonly<Record<string, unknown>>) => unknown;

const META = 'k8s.io.apimachinery.pkg.apis.meta.v1';

const items: FromFields = (fields) => fields['items'] ?? [];
const raw: FromFields = (fields) => parseRaw(fields['raw'] ?? fields['Raw']);

const BY_NAME: ReadonlyMap<string, FromFields> = new Map<string, FromFields>([
  ['k8s.io.apimachinery.pkg.api.resource.Quantity', (fields) => fields['string'] ?? '0'],
  [
    'k8s.io.apimachinery.pkg.util.intstr.IntOrString',
    (fields) => (fields['type'] === 1 ? (fields['strVal'] ?? '') : (fields['intVal'] ?? 0)),
  ],
  [`${META}.Time`, (fields) => instant(fields, 0)],
  [`${META}.MicroTime`, (fields) => instant(fields, 6)],
  [`${META}.FieldsV1`, raw],
  [`${META}.Verbs`, items],
  ['k8s.io.apimachinery.pkg.runtime.RawExtension', raw],
]);

const BY_LAST_NAME: ReadonlyMap<string, FromFields> = new Map<string, FromFields>([
  ['JSON', raw],
  ['ExtraValue', items],
  ['JSONSchemaPropsOrArray', (fields) => fields['schema'] ?? fields['jSONSchemas'] ?? []],
  ['JSONSchemaPropsOrBool', (fields) => fields['schema'] ?? fields['allows'] ?? false],
  ['JSONSchemaPropsOrStringArray', (fields) => fields['schema'] ?? fields['property'] ?? []],
]);

export function wellKnown(message: string): FromFields | undefined {
  return BY_NAME.get(message) ?? BY_LAST_NAME.get(message.slice(message.lastIndexOf('.') + 1));
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
