/**
 * Formats that nobody checks are warned of when they come (upstream: GetUnrecognizedFormats of
 * apiextensions-apiserver/pkg/apiserver/validation/formats.go, registry/customresourcedefinition/strategy.go).
 */
import type { CustomResourceDefinition } from '@regatta/api';
import { additionalOf, isSchema, itemsOf, propertiesOf, type Structural } from '../schema/structural.ts';

/** Of strings and of what has no type, without dashes. */
const OF_STRINGS: ReadonlySet<string> = new Set([
  ...['bsonobjectid', 'uri', 'email', 'hostname', 'ipv4', 'ipv6', 'cidr', 'mac', 'uuid', 'uuid3', 'uuid4', 'uuid5'],
  ...['isbn', 'isbn10', 'isbn13', 'creditcard', 'ssn', 'hexcolor', 'rgbcolor', 'byte', 'password', 'date'],
  ...['duration', 'datetime', 'quantity', 'k8sshortname', 'k8slongname'],
]);
const OF_NUMBERS: Readonly<Record<string, readonly string[]>> = {
  integer: ['int32', 'int64'],
  number: ['float', 'double'],
};

/** @param old what was there before is not warned of again */
export function formatWarnings(
  definition: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
): string[] {
  const before = new Set(old ? unknownFormats(old) : []);
  const added = unknownFormats(definition).filter((format) => !before.has(format));
  return [...new Set(added)].map((format) => `unrecognized format ${JSON.stringify(format)}`);
}

function unknownFormats({ spec }: CustomResourceDefinition): string[] {
  const found: string[] = [];
  for (const { schema } of spec?.versions ?? []) if (schema?.openAPIV3Schema) visit(schema.openAPIV3Schema, found);
  return found;
}

function visit(schema: Structural, found: string[]): void {
  if (schema.format && !isKnown(schema.type ?? '', schema.format)) found.push(schema.format);
  const { allOf = [], anyOf = [], oneOf = [], not } = schema;
  const items = itemsOf(schema);
  const more = additionalOf(schema);
  const alternatives = [...allOf, ...anyOf, ...oneOf, ...(not ? [not] : [])];
  const members = propertiesOf(schema).map(([, property]) => property);
  const parts = [...(items ? [items] : []), ...alternatives, ...members, ...(isSchema(more) ? [more] : [])];
  for (const part of parts) visit(part, found);
}

function isKnown(type: string, format: string): boolean {
  if (type === '' || type === 'string') return OF_STRINGS.has(format.replaceAll('-', ''));
  return OF_NUMBERS[type]?.includes(format) ?? false;
}
