/**
 * Validation of metadata (upstream: k8s.io/apimachinery/pkg/api/validation/objectmeta.go): errors in upstream's order.
 */
import { type FieldError, FieldPath, fieldErrors } from '../field-error.ts';
import type { ManagedFieldsEntry, ObjectMeta, OwnerReference } from '../generated/kinds.ts';
import { goQuote } from '../go-quote.ts';
import { parseApiVersion } from '../group-resource.ts';
import { jsonEqual } from '../json/json-equal.ts';
import { validateLabels } from './labels.ts';
import {
  isDNS1035Label,
  isDNS1123Label,
  isDNS1123Subdomain,
  isQualifiedName,
  isValidPathSegmentName,
} from './names.ts';
import { validateFieldManager } from './request-options.ts';

/** Which names a kind takes. */
export type NameRule = 'dns-subdomain' | 'dns-label' | 'dns1035-label' | 'path-segment' | 'none';

/** Bytes of all annotation keys and values together. */
export const MAX_ANNOTATIONS_BYTES = 256 * 1024;
const MAX_SUBRESOURCE_NAME = 256;
const ORPHAN = 'orphan';
const FOREGROUND = 'foregroundDeletion';

export interface ObjectMetaRules {
  readonly namespaced: boolean;
  readonly nameRule?: NameRule;
  /** `metadata` unless told. */
  readonly path?: FieldPath;
}

const NAME_CHECKS: Readonly<Record<NameRule, (name: string) => string[]>> = {
  'dns-subdomain': isDNS1123Subdomain,
  'dns-label': isDNS1123Label,
  'dns1035-label': isDNS1035Label,
  'path-segment': isValidPathSegmentName,
  none: () => [],
};

/** Messages of what is wrong with a name. @param isPrefix the name is a generateName, which may end in a dash */
export function nameErrors(rule: NameRule, name: string, isPrefix = false): string[] {
  const masked = isPrefix && rule !== 'path-segment' && name.length > 1 ? name.replace(/-$/, 'a') : name;
  if (isPrefix && rule === 'path-segment')
    return isValidPathSegmentName(name).filter((m) => m.startsWith('may not contain'));
  return NAME_CHECKS[rule](masked);
}

export function validateObjectMeta(meta: ObjectMeta, rules: ObjectMetaRules): FieldError[] {
  const path = rules.path ?? FieldPath.root('metadata');
  const rule = rules.nameRule ?? 'dns-subdomain';
  const errors: FieldError[] = [];
  const { generateName = '', name = '' } = meta;
  if (generateName !== '') {
    for (const m of nameErrors(rule, generateName, true)) {
      errors.push(fieldErrors.invalid(path.child('generateName'), generateName, m));
    }
  }
  if (name === '') errors.push(fieldErrors.required(path.child('name'), 'name or generateName is required'));
  else for (const m of nameErrors(rule, name)) errors.push(fieldErrors.invalid(path.child('name'), name, m));
  return [...errors, ...namespaceErrors(meta.namespace ?? '', rules.namespaced, path), ...commonErrors(meta, path)];
}

function namespaceErrors(namespace: string, namespaced: boolean, path: FieldPath): FieldError[] {
  const at = path.child('namespace');
  if (!namespaced) return namespace === '' ? [] : [fieldErrors.forbidden(at, 'not allowed on this type')];
  if (namespace === '') return [fieldErrors.required(at, '')];
  return isDNS1123Label(namespace).map((m) => fieldErrors.invalid(at, namespace, m));
}

function commonErrors(meta: ObjectMeta, path: FieldPath): FieldError[] {
  const generation = meta.generation ?? 0;
  return [
    ...(generation < 0
      ? [fieldErrors.invalid(path.child('generation'), generation, 'must be greater than or equal to 0')]
      : []),
    ...validateLabels(meta.labels, path.child('labels')),
    ...validateAnnotations(meta.annotations, path.child('annotations')),
    ...validateOwnerReferences(meta.ownerReferences, path.child('ownerReferences')),
    ...validateFinalizers(meta.finalizers, path.child('finalizers')),
    ...validateManagedFields(meta.managedFields, path.child('managedFields')),
  ];
}

export function validateAnnotations(
  annotations: Readonly<Record<string, string>> | undefined,
  path: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    for (const m of isQualifiedName(key.toLowerCase())) errors.push(fieldErrors.invalid(path, key, m));
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (bytes > MAX_ANNOTATIONS_BYTES) errors.push(fieldErrors.tooLong(path, '', MAX_ANNOTATIONS_BYTES));
  return errors;
}

export function validateOwnerReferences(
  references: readonly OwnerReference[] | undefined,
  path: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  let controller: string | undefined;
  for (const reference of references ?? []) {
    errors.push(...ownerReferenceErrors(reference, path));
    if (!reference.controller) continue;
    const name = `${reference.kind}/${reference.name}`;
    if (controller !== undefined) {
      const detail = `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${name}`;
      errors.push(fieldErrors.invalid(path, references, detail));
    } else controller = name;
  }
  return errors;
}

function ownerReferenceErrors(reference: OwnerReference, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const { apiVersion, kind, name, uid } = reference;
  if (!parseApiVersion(apiVersion)) {
    errors.push(fieldErrors.invalid(path.child('apiVersion'), apiVersion, 'version must not be empty'));
  }
  for (const [field, value] of Object.entries({ kind, name, uid })) {
    if (value === '') errors.push(fieldErrors.invalid(path.child(field), value, 'must not be empty'));
  }
  if (apiVersion === 'v1' && kind === 'Event') {
    errors.push(fieldErrors.invalid(path, reference, '/v1, Kind=Event is disallowed from being an owner'));
  }
  return errors;
}

export function validateFinalizers(finalizers: readonly string[] | undefined, path: FieldPath): FieldError[] {
  const names = finalizers ?? [];
  const errors = names.flatMap((name) => isQualifiedName(name).map((m) => fieldErrors.invalid(path, name, m)));
  if (names.includes(ORPHAN) && names.includes(FOREGROUND)) {
    errors.push(fieldErrors.invalid(path, names, `finalizer ${ORPHAN} and ${FOREGROUND} cannot be both set`));
  }
  return errors;
}

function validateManagedFields(entries: readonly ManagedFieldsEntry[] | undefined, path: FieldPath): FieldError[] {
  return (entries ?? []).flatMap((entry, i) => {
    const at = path.index(i);
    const errors: FieldError[] = [];
    const { operation = '', fieldsType = '', subresource = '' } = entry;
    if (operation !== 'Apply' && operation !== 'Update') {
      errors.push(fieldErrors.invalid(at.child('operation'), operation, 'must be `Apply` or `Update`'));
    }
    if (fieldsType !== '' && fieldsType !== 'FieldsV1') {
      errors.push(fieldErrors.invalid(at.child('fieldsType'), fieldsType, 'must be `FieldsV1`'));
    }
    errors.push(...validateFieldManager(entry.manager ?? '', at.child('manager')));
    if (Buffer.byteLength(subresource) > MAX_SUBRESOURCE_NAME) {
      errors.push(fieldErrors.tooLong(at.child('subresource'), subresource, MAX_SUBRESOURCE_NAME));
    }
    return errors;
  });
}

const IMMUTABLE = [
  'name',
  'namespace',
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const;

/** What may not change when an object is updated, besides what the new metadata must be by itself. */
export function validateObjectMetaUpdate(
  meta: ObjectMeta,
  old: ObjectMeta,
  path: FieldPath = FieldPath.root('metadata'),
): FieldError[] {
  const errors = old.deletionTimestamp === undefined ? [] : newFinalizerErrors(meta, old, path.child('finalizers'));
  if (!meta.resourceVersion) {
    errors.push(fieldErrors.invalid(path.child('resourceVersion'), '', 'must be specified for an update'));
  }
  if ((meta.generation ?? 0) < (old.generation ?? 0)) {
    errors.push(fieldErrors.invalid(path.child('generation'), meta.generation ?? 0, 'must not be decremented'));
  }
  for (const field of IMMUTABLE) errors.push(...validateImmutableField(meta[field], old[field], path.child(field)));
  return [
    ...errors,
    ...validateLabels(meta.labels, path.child('labels')),
    ...validateAnnotations(meta.annotations, path.child('annotations')),
    ...validateOwnerReferences(meta.ownerReferences, path.child('ownerReferences')),
    ...validateManagedFields(meta.managedFields, path.child('managedFields')),
  ];
}

/** Once an object is being deleted, finalizers can only go. */
function newFinalizerErrors(meta: ObjectMeta, old: ObjectMeta, path: FieldPath): FieldError[] {
  const before = new Set(old.finalizers ?? []);
  const extra = [...new Set(meta.finalizers ?? [])].filter((name) => !before.has(name)).sort();
  if (extra.length === 0) return [];
  const found = `[]string{${extra.map(goQuote).join(', ')}}`;
  return [
    fieldErrors.forbidden(
      path,
      `no new finalizers can be added if the object is being deleted, found new finalizers ${found}`,
    ),
  ];
}

export function validateImmutableField(value: unknown, old: unknown, path: FieldPath): FieldError[] {
  return jsonEqual(value ?? null, old ?? null) ? [] : [fieldErrors.invalid(path, value, 'field is immutable')];
}
