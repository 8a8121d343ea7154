/**
 * Filling in the defaults of a structural schema, and taking away nulls that mean nothing
 * (upstream: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting).
 */
import { cloneJson, setKey } from '@regatta/api';
import { additionalOf, allowsNull, isSchema, itemsOf, propertiesOf, type Structural } from './structural.ts';

/** Changes the value in place. Idempotent. */
export type Defaulter = (value: unknown) => void;

interface Member {
  readonly name: string;
  readonly schema: Structural;
  readonly inner: Defaulter | undefined;
}

/** Undefined when the schema has no defaults and no nulls to take away. */
export function compileDefaulter(schema: Structural): Defaulter | undefined {
  const items = itemsOf(schema);
  const inItem = items && compileDefaulter(items);
  const members = propertiesOf(schema).map(
    ([name, property]): Member => ({ name, schema: property, inner: compileDefaulter(property) }),
  );
  const more = additionalOf(schema);
  const moreSchema = isSchema(more) ? more : undefined;
  const inMore = moreSchema && compileDefaulter(moreSchema);
  if (!inItem && members.length === 0 && !moreSchema) return undefined;
  const known = new Set(members.map(({ name }) => name));
  return (value) => {
    if (Array.isArray(value)) {
      if (inItem) for (const item of value) inItem(item);
      return;
    }
    if (typeof value !== 'object' || value === null) return;
    const object = value as Record<string, unknown>;
    for (const member of members) defaultMember(object, member);
    if (!moreSchema) return;
    for (const key of Object.keys(object)) {
      if (known.has(key)) continue;
      if (object[key] === null && !allowsNull(moreSchema)) delete object[key];
      else inMore?.(object[key]);
    }
  };
}

function defaultMember(object: Record<string, unknown>, { name, schema, inner }: Member): void {
  const given = Object.hasOwn(object, name) ? object[name] : undefined;
  const isUnset = given === undefined || (given === null && !allowsNull(schema));
  if (!isUnset) {
    inner?.(given);
    return;
  }
  if (schema.default === undefined) {
    if (given === null) delete object[name];
    return;
  }
  const value = cloneJson(schema.default);
  setKey(object, name, value);
  inner?.(value);
}
