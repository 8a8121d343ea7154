/**
 * CustomResourceDefinitions as objects (upstream: k8s.io/apiextensions-apiserver/pkg/registry/customresourcedefinition/strategy.go,
 * apis/apiextensions/v1/defaults.go). What they bring to life is custom-resource.ts.
 */
import type { CustomResourceDefinition, FieldError } from '@regatta/api';
import { ErrorList } from '../../kinds/validation/error-list.ts';
import { METADATA, SPEC, STATUS } from '../../kinds/validation/path.ts';
import { IMMUTABLE } from '../../kinds/validation/rules.ts';
import type { Strategy } from '../../registry/strategy.ts';
import { APPROVED_ANNOTATION, approvalOf, isProtectedGroup } from './api-approval.ts';
import { CLEANUP_FINALIZER, isTrue, withCondition } from './conditions.ts';
import { formatWarnings } from './format-warnings.ts';
import { checkNames } from './names.ts';
import { checkSpec, checkStoredVersions } from './spec-rules.ts';

const HTTPS_PORT = 443;

export const definitionStrategy: Strategy<CustomResourceDefinition> = {
  tracksGeneration: true,
  allowUnconditionalUpdate: false,
  applyDefaults({ spec }) {
    const { names } = spec;
    if (names) {
      names.singular ||= (names.kind ?? '').toLowerCase();
      if (names.kind) names.listKind ||= `${names.kind}List`;
      if (!names.singular) delete names.singular;
    }
    spec.conversion ??= { strategy: 'None' };
    const service = spec.conversion.webhook?.clientConfig?.service;
    if (service) service.port ??= HTTPS_PORT;
  },
  prepareForCreate: (definition) => storeVersions(definition),
  prepareForUpdate: (definition) => storeVersions(definition),
  prepareForDelete: (definition, now) => markedForDeletion(definition, now),
  validate(definition) {
    const errors = new ErrorList();
    checkName(errors, definition);
    checkSpec(errors, definition.spec);
    checkStatus(errors, definition);
    checkApproval(errors, definition);
    checkPreserving(errors, definition);
    return errors.errors;
  },
  validateUpdate(definition, old) {
    const errors = new ErrorList();
    checkSpec(errors, definition.spec, old.spec);
    checkImmutable(errors, definition, old);
    checkStatus(errors, definition);
    if (approvalOf(definition).state !== approvalOf(old).state) checkApproval(errors, definition);
    if (!old.spec.preserveUnknownFields) checkPreserving(errors, definition);
    return errors.errors;
  },
  warnings: formatWarnings,
  validateStatusUpdate(definition): FieldError[] {
    const errors = new ErrorList();
    checkNames(errors, STATUS.child('acceptedNames'), definition.status?.acceptedNames ?? {});
    return errors.errors;
  },
};

/** The version in which objects are stored from now on joins those in which some may lie. */
function storeVersions(definition: CustomResourceDefinition): void {
  const stored = definition.spec.versions?.find(({ storage }) => storage)?.name;
  if (stored === undefined) return;
  definition.status ??= {};
  const known = definition.status.storedVersions ?? [];
  if (!known.includes(stored)) definition.status.storedVersions = [...known, stored];
}

function markedForDeletion(definition: CustomResourceDefinition, now: string): CustomResourceDefinition {
  const finalizers = definition.metadata.finalizers ?? [];
  const marked = withCondition(definition, now, {
    type: 'Terminating',
    status: 'True',
    reason: 'InstanceDeletionPending',
    message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
  });
  if (finalizers.includes(CLEANUP_FINALIZER)) return marked;
  return { ...marked, metadata: { ...marked.metadata, finalizers: [...finalizers, CLEANUP_FINALIZER] } };
}

function checkName(errors: ErrorList, { metadata, spec }: CustomResourceDefinition): void {
  if (!metadata.name || metadata.name === `${spec.names?.plural ?? ''}.${spec.group ?? ''}`) return;
  errors.invalid(METADATA.child('name'), metadata.name, 'must be spec.names.plural+"."+spec.group');
}

function checkStatus(errors: ErrorList, definition: CustomResourceDefinition): void {
  checkNames(errors, STATUS.child('acceptedNames'), definition.status?.acceptedNames ?? {});
  checkStoredVersions(errors, definition);
}

function checkImmutable(errors: ErrorList, { spec }: CustomResourceDefinition, old: CustomResourceDefinition): void {
  const keep = (path: readonly string[], value: string | undefined, before: string | undefined): void => {
    const at = path.reduce((parent, name) => parent.child(name), SPEC);
    if (value !== before) errors.invalid(at, value ?? '', IMMUTABLE);
  };
  if (isTrue(old, 'Established')) {
    keep(['scope'], spec.scope, old.spec.scope);
    keep(['names', 'kind'], spec.names.kind, old.spec.names.kind);
  }
  keep(['group'], spec.group, old.spec.group);
  keep(['names', 'plural'], spec.names.plural, old.spec.names.plural);
}

function checkApproval(errors: ErrorList, definition: CustomResourceDefinition): void {
  if (!isProtectedGroup(definition.spec.group)) return;
  const at = METADATA.child('annotations').key(APPROVED_ANNOTATION);
  const { state, reason } = approvalOf(definition);
  if (state === 'missing') errors.required(at, reason);
  if (state === 'invalid') errors.invalid(at, definition.metadata.annotations?.[APPROVED_ANNOTATION], reason);
}

function checkPreserving(errors: ErrorList, { spec }: CustomResourceDefinition): void {
  if (!spec.preserveUnknownFields) return;
  errors.invalid(
    SPEC.child('preserveUnknownFields'),
    true,
    'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
  );
}
