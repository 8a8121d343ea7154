/**
 * Compiles what is to be done at the members and items of a value into one walk; nothing is left of parts of the schema
 * where nothing is to be done.
 */
import { isJsonObject } from '@regatta/api';
import { additionalOf, isSchema, itemsOf, propertiesOf, type Structural } from './structural.ts';

export type Path = (string | number)[];
/** Looks at a value and tells what it finds. */
export type Visit<T> = (value: unknown, path: Path, out: T[]) => void;

/**
 * The walk of what lies directly below a value; undefined when there is nothing to do.
 * @param compile makes the visit of each part; called while the schema is compiled
 */
export function compileChildren<T>(
  schema: Structural,
  compile: (part: Structural) => Visit<T> | undefined,
): Visit<T> | undefined {
  const items = itemsOf(schema);
  const inItem = items && compile(items);
  const members = propertiesOf(schema).flatMap(([name, property]) => {
    const visit = compile(property);
    return visit ? [{ name, visit }] : [];
  });
  const more = additionalOf(schema);
  const inMore = isSchema(more) ? compile(more) : undefined;
  if (!inItem && members.length === 0 && !inMore) return undefined;
  return (value, path, out) => {
    if (Array.isArray(value)) {
      if (inItem) for (const [i, item] of value.entries()) inItem(item, [...path, i], out);
      return;
    }
    if (!isJsonObject(value)) return;
    for (const { name, visit } of members) if (Object.hasOwn(value, name)) visit(value[name], [...path, name], out);
    if (inMore) for (const key of Object.keys(value)) inMore(value[key], [...path, key], out);
  };
}
