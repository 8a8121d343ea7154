/**
 * What patches are written with: objects without a schema, operations of a JSON patch, `jsonpatch.escapeKey`; and the JSON that
 * becomes of them (upstream: k8s.io/apiserver/pkg/cel/mutation, pkg/cel/library/jsonpatch.go).
 */
import {
  type CelType,
  Duration,
  DYN,
  EvaluationError,
  type FieldType,
  fn,
  type Library,
  ListValue,
  MapValue,
  STRING,
  StructValue,
  Timestamp,
  Uint,
  type Value,
} from '@regatta/cel';

type ObjectType = Extract<CelType, { kind: 'object' }>;

/** Fields of any name. */
class AnyFields extends Map<string, FieldType> {
  override get(name: string): FieldType {
    return { jsonName: name, type: DYN };
  }
}

const ANY_FIELDS = new AnyFields();
const OBJECT = 'Object';
const field = (jsonName: string, type: CelType): readonly [string, FieldType] => [jsonName, { jsonName, type }];
const JSON_PATCH: ObjectType = {
  kind: 'object',
  name: 'JSONPatch',
  fields: new Map([field('op', STRING), field('path', STRING), field('from', STRING), field('value', DYN)]),
};

export function patchType(name: string): ObjectType | undefined {
  if (name === JSON_PATCH.name) return JSON_PATCH;
  return name === OBJECT || name.startsWith(`${OBJECT}.`) ? { kind: 'object', name, fields: ANY_FIELDS } : undefined;
}

export const patchLibrary: Library = [
  fn('jsonpatch.escapeKey', [STRING], STRING, ([key]) => String(key).replaceAll('~', '~0').replaceAll('/', '~1'), {
    resultSize: ([size = 0]) => size * 2,
  }),
];

/** @throws EvaluationError for objects that aren't named for where they stand, and for what is no JSON */
export function patchJson(value: Value, root = OBJECT): unknown {
  const wrong = misnamed(value, root);
  if (wrong.length > 0) throw new EvaluationError(`type mismatch: ${wrong.join('\n')}`);
  return jsonOf(value);
}

/** `Object.spec{}` may only stand in the field `spec` of an `Object{}`; lists and maps between are passed over. */
function misnamed(value: Value, expected: string): string[] {
  if (value instanceof StructValue) {
    const why = `unexpected type name ${JSON.stringify(value.typeName)}, expected ${JSON.stringify(expected)}, which matches field name path from root Object type`;
    const inner = [...value.fields].flatMap(([name, part]) => misnamed(part, `${expected}.${name}`));
    return value.typeName === expected ? inner : [why, ...inner];
  }
  if (value instanceof ListValue) return value.toArray().flatMap((item) => misnamed(item, expected));
  if (value instanceof MapValue) return value.keys().flatMap((key) => misnamed(value.get(key) ?? null, expected));
  return [];
}

/** @throws EvaluationError */
export function jsonOf(value: Value): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof Uint) return Number(value.value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (value instanceof Timestamp || value instanceof Duration) return String(value);
  if (value instanceof ListValue) return value.toArray().map(jsonOf);
  if (value instanceof StructValue) return record([...value.fields].map(([name, part]) => [name, jsonOf(part)]));
  if (value instanceof MapValue)
    return record(value.keys().map((key) => [nameOf(key), jsonOf(value.get(key) ?? null)]));
  throw new EvaluationError('unsupported type for a patch');
}

function record(members: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  return Object.fromEntries(members);
}

function nameOf(key: Value): string {
  if (typeof key === 'string') return key;
  throw new EvaluationError(`map key ${JSON.stringify(String(key))} is not string`);
}
