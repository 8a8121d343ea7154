/**
 * Objects as something else: their metadata alone, or rows of a table
 * (upstream: staging/src/k8s.io/apiserver/pkg/endpoints/handlers/response.go).
 */
import { FieldPath, fieldErrors, formatFieldError, type KubeObject, statusErrors } from '@regatta/api';
import type { Resource } from '../registry/resource.ts';
import type { ListMeta } from './respond.ts';

/** How much of the object a table row carries. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

/** What decides on the columns, and on the version of the objects in rows: a resource, or what a subresource makes. */
export type Printed = Pick<Resource, 'kind' | 'custom' | 'isHub' | 'fromHub'>;

/** Makes tables; the printers provide it. */
export interface TableSource {
  /** A whole Table object. `objects` are in the hub version. */
  table(
    printed: Printed,
    objects: readonly KubeObject[],
    include: IncludeObject,
    version: string,
    metadata: Partial<ListMeta>,
  ): object;
}

/** Made once, so that encodings can keep what they make of it as long as the object lives. */
export function partialMetadata({ metadata }: KubeObject, version: string): object {
  const apiVersion = `meta.k8s.io/${version}`;
  const known = partials.get(metadata);
  if (known?.apiVersion === apiVersion) return known;
  const partial = { kind: 'PartialObjectMetadata', apiVersion, metadata };
  partials.set(metadata, partial);
  return partial;
}

const partials = new WeakMap<object, { readonly apiVersion: string }>();

const INCLUDE_VALUES = "must be 'Metadata', 'Object', 'None', or empty";

/** The includeObject parameter of table requests. @throws StatusError 400 */
export function includeObject(query: URLSearchParams): IncludeObject {
  const value = query.get('includeObject') ?? '';
  if (value === '' || value === 'Metadata') return 'Metadata';
  if (value === 'None' || value === 'Object') return value;
  const invalid = fieldErrors.invalid(FieldPath.root('includeObject'), value, INCLUDE_VALUES);
  throw statusErrors.badRequest(`Unable to convert to Table as requested: ${formatFieldError(invalid)}`);
}
