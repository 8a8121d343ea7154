/**
 * SubjectAccessReview and its kin (upstream: pkg/registry/authorization, pkg/apis/authorization/validation): asks the
 * authorizer on somebody's behalf. Each function takes the decoded review and returns it with its status.
 */
import {
  type FieldError,
  FieldPath,
  fieldErrors,
  isValidLabelValue,
  type LocalSubjectAccessReview,
  type NonResourceAttributes,
  type ResourceAttributes,
  type SelfSubjectAccessReview,
  type SubjectAccessReview,
  type SubjectAccessReviewSpec,
  type SubjectAccessReviewStatus,
  statusErrors,
  validateLabelName,
} from '@regatta/api';
import { type Authorizer, nonResourceRequest, type RequestAttributes, type UserInfo } from '../identity.ts';

const GROUP = 'authorization.k8s.io';

interface Asked {
  readonly resourceAttributes?: ResourceAttributes;
  readonly nonResourceAttributes?: NonResourceAttributes;
}

/** @throws StatusError 422 */
export function subjectAccessReview(authorizer: Authorizer, review: SubjectAccessReview): SubjectAccessReview {
  refuse([...attributeErrors(review.spec), ...subjectErrors(review.spec), ...metadataErrors(review.metadata, {})]);
  return { ...review, status: decide(authorizer, userOf(review.spec), review.spec) };
}

/** @throws StatusError 422 */
export function selfSubjectAccessReview(
  authorizer: Authorizer,
  user: UserInfo,
  review: SelfSubjectAccessReview,
): SelfSubjectAccessReview {
  refuse([...attributeErrors(review.spec), ...metadataErrors(review.metadata, {})]);
  return { ...review, status: decide(authorizer, user, review.spec) };
}

/** @param namespace of the request. @throws StatusError 400, 422 */
export function localSubjectAccessReview(
  authorizer: Authorizer,
  namespace: string,
  review: LocalSubjectAccessReview,
): LocalSubjectAccessReview {
  const { spec } = review;
  const path = FieldPath.root('spec');
  const errors = [...attributeErrors(spec), ...subjectErrors(spec)];
  errors.push(...metadataErrors(review.metadata, { namespace }));
  if (spec.resourceAttributes && (spec.resourceAttributes.namespace ?? '') !== (review.metadata.namespace ?? '')) {
    const field = path.child('resourceAttributes', 'namespace');
    errors.push(fieldErrors.invalid(field, spec.resourceAttributes.namespace ?? '', 'must match metadata.namespace'));
  }
  if (spec.nonResourceAttributes) {
    const field = path.child('nonResourceAttributes');
    errors.push(fieldErrors.invalid(field, spec.nonResourceAttributes, 'disallowed on this kind of request'));
  }
  refuse(errors);
  if (namespace !== (spec.resourceAttributes?.namespace ?? '')) {
    throw statusErrors.badRequest(
      `spec.resourceAttributes.namespace must match namespace: ${spec.resourceAttributes?.namespace ?? ''}`,
    );
  }
  return { ...review, status: decide(authorizer, userOf(spec), spec) };
}

function attributeErrors(spec: Asked): FieldError[] {
  const path = FieldPath.root('spec');
  if (spec.resourceAttributes && spec.nonResourceAttributes) {
    return [
      fieldErrors.invalid(
        path.child('nonResourceAttributes'),
        spec.nonResourceAttributes,
        'cannot be specified in combination with resourceAttributes',
      ),
    ];
  }
  if (spec.resourceAttributes) return selectorErrors(spec.resourceAttributes, path.child('resourceAttributes'));
  if (spec.nonResourceAttributes) return [];
  return [
    fieldErrors.invalid(
      path.child('resourceAttributes'),
      null,
      'exactly one of nonResourceAttributes or resourceAttributes must be specified',
    ),
  ];
}

function selectorErrors({ fieldSelector, labelSelector }: ResourceAttributes, path: FieldPath): FieldError[] {
  return [
    ...(fieldSelector ? oneSelectorErrors(fieldSelector, path.child('fieldSelector'), false) : []),
    ...(labelSelector ? oneSelectorErrors(labelSelector, path.child('labelSelector'), true) : []),
  ];
}

/** Operators that aren't known are let through: newer clients may have them. */
function oneSelectorErrors(
  { rawSelector = '', requirements = [] }: NonNullable<ResourceAttributes['fieldSelector' | 'labelSelector']>,
  path: FieldPath,
  isLabel: boolean,
): FieldError[] {
  const errors: FieldError[] = [];
  if (rawSelector !== '' && requirements.length > 0) {
    const detail = 'may not specified at the same time as requirements';
    errors.push(fieldErrors.invalid(path.child('rawSelector'), rawSelector, detail));
  }
  if (rawSelector === '' && requirements.length === 0) {
    const detail = `when ${path} is specified, requirements or rawSelector is required`;
    errors.push(fieldErrors.required(path.child('requirements'), detail));
  }
  for (const [index, requirement] of requirements.entries()) {
    errors.push(...requirementErrors(requirement, path.child('requirements').index(index), isLabel));
  }
  return errors;
}

function requirementErrors(
  { key, operator, values = [] }: { readonly key?: string; readonly operator?: string; readonly values?: string[] },
  path: FieldPath,
  isLabel: boolean,
): FieldError[] {
  const errors: FieldError[] = [];
  if (!isLabel && !key) errors.push(fieldErrors.required(path.child('key'), 'must be specified'));
  if ((operator === 'In' || operator === 'NotIn') && values.length === 0) {
    const detail = "must be specified when `operator` is 'In' or 'NotIn'";
    errors.push(fieldErrors.required(path.child('values'), detail));
  }
  if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0) {
    const detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
    errors.push(fieldErrors.forbidden(path.child('values'), detail));
  }
  if (!isLabel) return errors;
  errors.push(...validateLabelName(key ?? '', path.child('key')));
  for (const [index, value] of values.entries()) {
    const at = path.child('values').index(index);
    errors.push(...isValidLabelValue(value).map((message) => fieldErrors.invalid(at, value, message)));
  }
  return errors;
}

function subjectErrors(spec: SubjectAccessReviewSpec): FieldError[] {
  if (spec.user || spec.groups?.length) return [];
  return [
    fieldErrors.invalid(FieldPath.root('spec').child('user'), '', 'at least one of user or group must be specified'),
  ];
}

/** Reviews are not stored: they carry no metadata, but for a local one's namespace and what managed fields add. */
function metadataErrors(metadata: object | undefined, allowed: { readonly namespace?: string }): FieldError[] {
  const { managedFields: _ignored, namespace, ...rest } = (metadata ?? {}) as Record<string, unknown>;
  const given = Object.entries(rest).filter(([, value]) => value !== undefined && value !== '');
  if (given.length === 0 && (namespace === undefined || namespace === '' || allowed.namespace !== undefined)) return [];
  const detail = allowed.namespace === undefined ? 'must be empty' : 'must be empty except for namespace';
  return [fieldErrors.invalid(FieldPath.root('metadata'), metadata, detail)];
}

/** Upstream words these errors without a kind. */
function refuse(errors: readonly FieldError[]): void {
  if (errors.length > 0) throw statusErrors.invalid(GROUP, '', '', [...errors]);
}

function userOf(spec: SubjectAccessReviewSpec): UserInfo {
  return {
    name: spec.user ?? '',
    groups: spec.groups ?? [],
    ...(spec.uid ? { uid: spec.uid } : {}),
    ...(spec.extra ? { extra: spec.extra } : {}),
  };
}

function decide(authorizer: Authorizer, user: UserInfo, asked: Asked): SubjectAccessReviewStatus {
  const { verdict, reason } = authorizer.authorize(attributesOf(user, asked));
  return {
    allowed: verdict === 'allow',
    ...(verdict === 'deny' ? { denied: true } : {}),
    ...(reason === '' ? {} : { reason }),
  };
}

function attributesOf(user: UserInfo, asked: Asked): RequestAttributes {
  const { resourceAttributes: resource, nonResourceAttributes: other } = asked;
  const base = nonResourceRequest(user, other?.verb ?? '', other?.path ?? '');
  if (!resource) return base;
  return {
    ...base,
    isResource: true,
    verb: resource.verb ?? '',
    group: resource.group ?? '',
    version: resource.version ?? '*',
    resource: resource.resource ?? '',
    subresource: resource.subresource ?? '',
    namespace: resource.namespace ?? '',
    name: resource.name ?? '',
    ...(resource.fieldSelector ? { fieldSelector: fieldSelectorOf(resource.fieldSelector) } : {}),
  };
}

/** Only what an authorizer can use: equality. */
function fieldSelectorOf(selector: NonNullable<ResourceAttributes['fieldSelector']>): string {
  if (selector.rawSelector) return selector.rawSelector;
  return (selector.requirements ?? [])
    .filter((r) => r.operator === 'In' && r.values?.length === 1)
    .map((r) => `${r.key}=${r.values?.[0] ?? ''}`)
    .join(',');
}
