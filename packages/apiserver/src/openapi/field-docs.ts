/**
 * What the documents say of types and fields: upstream's own text, which is no part of the sources; bundling takes it from
 * a package (scripts/lib/field-docs.mjs). Read at the first request; a server that runs from sources has none.
 */
import { readFileSync } from 'node:fs';

/** A type's text under the empty name, those of its fields under theirs. Undefined for a type without. */
export type FieldDocs = (typeId: string) => Readonly<Record<string, string>> | undefined;

export const noDocs: FieldDocs = () => undefined;

/** @param file JSON: texts by field, by type */
export function docsFrom(file: string): FieldDocs {
  let types: Readonly<Record<string, Readonly<Record<string, string>>>> | undefined;
  return (typeId) => {
    types ??= JSON.parse(readFileSync(file, 'utf8')) as NonNullable<typeof types>;
    return Object.hasOwn(types, typeId) ? types[typeId] : undefined;
  };
}
