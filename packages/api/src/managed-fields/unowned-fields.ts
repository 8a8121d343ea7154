/**
 * Fields that nobody owns (upstream: managedfields/internal/stripmeta.go).
 */
import type { FieldTree } from './field-tree.ts';

const METADATA = [
  'name',
  'namespace',
  'creationTimestamp',
  'selfLink',
  'uid',
  'clusterName',
  'generation',
  'managedFields',
  'resourceVersion',
];

export const UNOWNED_PATHS: readonly (readonly string[])[] = [
  ['apiVersion'],
  ['kind'],
  ...METADATA.map((field) => ['metadata', field]),
];

export const UNOWNED_FIELDS: FieldTree = {
  'f:apiVersion': {},
  'f:kind': {},
  'f:metadata': { '.': {}, ...Object.fromEntries(METADATA.map((field) => [`f:${field}`, {}])) },
};
