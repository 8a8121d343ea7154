/**
 * What storing does to an object: protobuf has no empty lists and maps, so a required one that is empty comes back from
 * etcd as null (`rules: []` of a Role is answered as `rules: null`). Validation still sees them as they were sent.
 */
import type { TypeSource } from './decoder.ts';
import type { FieldInfo, Shape } from './type-info.ts';

type Settle = (value: unknown) => void;

/** Changes the object in place. Compiled: only the parts of a type that have such fields are visited. */
export function compileStoredForm(types: TypeSource, typeId: string): (object: object) => void {
  return typeSettler(types, typeId, new Map()) ?? (() => {});
}

/** Undefined when nothing below the type needs it. Recursive types are cut at the second visit. */
function typeSettler(types: TypeSource, typeId: string, seen: Map<string, Settle | undefined>): Settle | undefined {
  if (seen.has(typeId)) return seen.get(typeId);
  seen.set(typeId, undefined);
  const nullable: string[] = [];
  const below: [string, Settle][] = [];
  for (const field of types.type(typeId).fields.values()) {
    if (isKeptList(field)) nullable.push(field.name);
    const inner = shapeSettler(types, field.shape, seen);
    if (inner) below.push([field.name, inner]);
  }
  if (nullable.length === 0 && below.length === 0) return undefined;
  const settle: Settle = (value) => {
    const object = value as Record<string, unknown>;
    for (const name of nullable) if (isEmpty(object[name])) object[name] = null;
    for (const [name, inner] of below) if (object[name]) inner(object[name]);
  };
  seen.set(typeId, settle);
  return settle;
}

function isKeptList({ zero, shape }: FieldInfo): boolean {
  return zero === 'keep' && (shape.kind === 'list' || shape.kind === 'map');
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function shapeSettler(types: TypeSource, shape: Shape, seen: Map<string, Settle | undefined>): Settle | undefined {
  switch (shape.kind) {
    case 'object':
      return typeSettler(types, shape.typeId, seen);
    case 'list': {
      const inner = shapeSettler(types, shape.items, seen);
      return inner && ((value) => Array.isArray(value) && value.forEach(inner));
    }
    case 'map': {
      const inner = shapeSettler(types, shape.values, seen);
      return inner && ((value) => Object.values(value as object).forEach(inner));
    }
    default:
      return undefined;
  }
}
