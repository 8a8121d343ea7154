/**
 * Namespaces (upstream: pkg/registry/core/namespace/strategy.go).
 */
import { isQualifiedName, type Namespace } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { ErrorList } from '../validation/error-list.ts';
import { eachItem } from '../validation/lists.ts';
import { type Path, SPEC, STATUS } from '../validation/path.ts';

const NAME_LABEL = 'kubernetes.io/metadata.name';
const LIFECYCLE_FINALIZER = 'kubernetes';
const STANDARD_FINALIZERS: ReadonlySet<string> = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

export const namespaceStrategy: Strategy<Namespace> = {
  nameRule: 'dns-label',
  applyDefaults(namespace) {
    applyNameLabel(namespace);
    namespace.status ??= {};
    namespace.status.phase ||= 'Active';
  },
  prepareForCreate(namespace) {
    applyNameLabel(namespace);
    namespace.status = { phase: 'Active' };
    namespace.spec ??= {};
    const finalizers = namespace.spec.finalizers ?? [];
    if (!finalizers.includes(LIFECYCLE_FINALIZER)) namespace.spec.finalizers = [...finalizers, LIFECYCLE_FINALIZER];
  },
  prepareForUpdate(namespace, old) {
    applyNameLabel(namespace);
    namespace.spec = { ...namespace.spec };
    if (old.spec?.finalizers) namespace.spec.finalizers = old.spec.finalizers;
    else delete namespace.spec.finalizers;
  },
  validate(namespace) {
    const errors = new ErrorList();
    for (const finalizer of namespace.spec?.finalizers ?? [])
      checkFinalizer(errors, SPEC.child('finalizers'), finalizer);
    return errors.errors;
  },
  validateStatusUpdate(namespace) {
    const errors = new ErrorList();
    const path = STATUS.child('Phase');
    const phase = namespace.status?.phase ?? '';
    if (!namespace.metadata.deletionTimestamp) {
      if (phase !== 'Active') errors.invalid(path, phase, "may only be 'Active' if `deletionTimestamp` is empty");
    } else if (phase !== 'Terminating') {
      errors.invalid(path, phase, "may only be 'Terminating' if `deletionTimestamp` is not empty");
    }
    return errors.errors;
  },
  fieldLabels: ['status.phase'],
  selectableFields: (namespace) => ({ 'status.phase': namespace.status?.phase ?? '' }),
};

function applyNameLabel({ metadata }: Namespace): void {
  if (!metadata.name) return;
  if (metadata.labels?.[NAME_LABEL] === metadata.name) return;
  metadata.labels = { ...metadata.labels, [NAME_LABEL]: metadata.name };
}

/** Of the finalize subresource. */
export function validateFinalizers({ spec }: Namespace): ErrorList {
  const errors = new ErrorList();
  eachItem(spec?.finalizers, SPEC.child('finalizers'), (finalizer, at) => checkFinalizer(errors, at, finalizer));
  return errors;
}

function checkFinalizer(errors: ErrorList, path: Path, finalizer: string): void {
  errors.invalidEach(path, finalizer, isQualifiedName(finalizer));
  if (!finalizer.includes('/') && !STANDARD_FINALIZERS.has(finalizer)) {
    errors.invalid(path, finalizer, 'name is neither a standard finalizer name nor is it fully qualified');
  }
}
