/**
 * The defaults that the facts declare, as a compiled function per type. Only those that Kubernetes really sets: a default
 * of zero on a required field is just Go's zero value, which the decoder writes anyway.
 */
import type { Schema } from './schema.ts';
import type { FieldInfo, Shape, TypeInfo } from './type-info.ts';

type Defaulter = (object: Record<string, unknown>) => void;

export function compileDefaults(schema: Schema, typeId: string): (object: object) => void {
  const defaulter = typeDefaulter(schema, typeId, new Map());
  return defaulter ? (object) => defaulter(object as Record<string, unknown>) : () => {};
}

/** Undefined when nothing below the type has a default. Recursive types are cut at the second visit. */
function typeDefaulter(
  schema: Schema,
  typeId: string,
  seen: Map<string, Defaulter | undefined>,
): Defaulter | undefined {
  if (seen.has(typeId)) return seen.get(typeId);
  seen.set(typeId, undefined);
  const type: TypeInfo = schema.type(typeId);
  const own = [...type.fields.values()].filter(hasRealDefault);
  const below: [string, (value: unknown) => void][] = [];
  for (const field of type.fields.values()) {
    const inner = shapeDefaulter(schema, field.shape, seen);
    if (inner) below.push([field.name, inner]);
  }
  if (own.length === 0 && below.length === 0) return undefined;
  const defaulter: Defaulter = (object) => {
    for (const field of own) if (isUnset(object[field.name])) object[field.name] = field.default;
    for (const [name, inner] of below) if (object[name] !== undefined) inner(object[name]);
  };
  seen.set(typeId, defaulter);
  return defaulter;
}

function hasRealDefault(field: FieldInfo): boolean {
  if (field.default === undefined) return false;
  return !(field.required && (field.default === 0 || field.default === false || field.default === ''));
}

/** Value fields can't tell "not given" from their zero value; the decoder has dropped or written it. */
function isUnset(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

function shapeDefaulter(
  schema: Schema,
  shape: Shape,
  seen: Map<string, Defaulter | undefined>,
): ((value: unknown) => void) | undefined {
  switch (shape.kind) {
    case 'object': {
      const inner = typeDefaulter(schema, shape.typeId, seen);
      return inner && ((value) => value !== null && inner(value as Record<string, unknown>));
    }
    case 'list': {
      const inner = shapeDefaulter(schema, shape.items, seen);
      return inner && ((value) => Array.isArray(value) && value.forEach(inner));
    }
    case 'map': {
      const inner = shapeDefaulter(schema, shape.values, seen);
      return inner && ((value) => Object.values(value as object).forEach(inner));
    }
    default:
      return undefined;
  }
}
