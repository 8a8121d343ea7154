/**
 * The structural schema of a custom resource, as a view of its JSONSchemaProps: what may be where, and what
 * becomes of the rest (upstream: k8s.io/apiextensions-apiserver/pkg/apiserver/schema).
 *
 * Invariant: schemas are never changed; whatever is compiled from one may be kept as long as it.
 */
import type { JSONSchemaProps } from '@regatta/api';

export type Structural = JSONSchemaProps;

export function propertiesOf(schema: Structural): readonly (readonly [string, Structural])[] {
  return Object.entries(schema.properties ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The schema of additional properties; `true` where anything goes. */
export function additionalOf({ additionalProperties: more }: Structural): Structural | boolean | undefined {
  if (typeof more === 'boolean') return more;
  return isSchema(more) ? more : undefined;
}

/** The schema of list items. */
export function itemsOf({ items }: Structural): Structural | undefined {
  return isSchema(items) ? items : undefined;
}

export function isSchema(value: unknown): value is Structural {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function preservesUnknown(schema: Structural): boolean {
  return schema['x-kubernetes-preserve-unknown-fields'] === true;
}

export function isIntOrString(schema: Structural): boolean {
  return schema['x-kubernetes-int-or-string'] === true;
}

export function isEmbeddedResource(schema: Structural): boolean {
  return schema['x-kubernetes-embedded-resource'] === true;
}

/** Whether null stands for a value. */
export function allowsNull(schema: Structural): boolean {
  return schema.nullable === true;
}
