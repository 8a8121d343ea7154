/**
 * SubjectAccessReview and its kin (upstream: pkg/registry/authorization, pkg/apis/authorization/validation): asks the
 * authorizer on somebody's behalf. Each function takes the decoded review and returns it with its status.
 */
import {
  type FieldError,
  FieldPath,
  fieldErrors,
  type LocalSubjectAccessReview,
  type NonResourceAttributes,
  type ResourceAttributes,
  type SelfSubjectAccessReview,
  type SubjectAccessReview,
  type SubjectAccessReviewSpec,
  type SubjectAccessReviewStatus,
  statusErrors,
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
  if (spec.resourceAttributes || spec.nonResourceAttributes) return [];
  return [
    fieldErrors.invalid(
      path.child('resourceAttributes'),
      null,
      'exactly one of nonResourceAttributes or resourceAttributes must be specified',
    ),
  ];
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
