/**
 * ResourceClaims and their templates (upstream: pkg/apis/resource/validation/validation.go,
 * pkg/registry/resource/{resourceclaim,resourceclaimtemplate}/strategy.go).
 */
import { jsonEqual, type ResourceClaimTemplate, type ResourceV1ResourceClaim } from '@regatta/api';
import type { Strategy, WriteContext } from '../../registry/strategy.ts';
import { internalForm } from '../internal/internal-form.ts';
import { ErrorList } from '../validation/error-list.ts';
import { SPEC } from '../validation/path.ts';
import { checkAnnotations, checkLabels, IMMUTABLE } from '../validation/rules.ts';
import { checkAdminRequests } from './admin-access.ts';
import { dropDeallocated, validateStatus } from './claim-status.ts';
import { checkClaim, defaultClaim } from './device-claim.ts';
import { loadCel } from './device-selectors.ts';

export const resourceClaimStrategy: Strategy<ResourceV1ResourceClaim> = {
  load: loadCel,
  applyDefaults: ({ spec }) => defaultClaim(spec ?? {}),
  validate(claim, context) {
    const errors = new ErrorList();
    checkAdminRequests(errors, claim.spec?.devices, claim.metadata.namespace, context);
    checkClaim(errors, SPEC.child('devices'), claim.spec?.devices);
    return errors.errors;
  },
  validateUpdate({ spec }, old) {
    const errors = new ErrorList();
    if (!jsonEqual(spec, old.spec))
      errors.invalid(SPEC, internalForm('io.k8s.api.resource.v1.ResourceClaimSpec', spec), IMMUTABLE);
    return errors.errors;
  },
  prepareStatusUpdate: dropDeallocated,
  validateStatusUpdate: validateStatus,
};

export const resourceClaimTemplateStrategy: Strategy<ResourceClaimTemplate> = {
  load: loadCel,
  applyDefaults: ({ spec }) => defaultClaim(spec?.spec ?? {}),
  validate: validateTemplate,
  validateUpdate({ spec }, old) {
    const errors = new ErrorList();
    if (!jsonEqual(spec, old.spec))
      errors.invalid(SPEC, internalForm('io.k8s.api.resource.v1.ResourceClaimTemplateSpec', spec), IMMUTABLE);
    return errors.errors;
  },
};

function validateTemplate({ metadata, spec }: ResourceClaimTemplate, context: WriteContext): ErrorList['errors'] {
  const errors = new ErrorList();
  checkAdminRequests(errors, spec?.spec?.devices, metadata.namespace, context);
  const at = SPEC.child('metadata');
  checkLabels(errors, at.child('labels'), spec?.metadata?.labels);
  checkAnnotations(errors, at.child('annotations'), spec?.metadata?.annotations);
  checkClaim(errors, SPEC.child('spec').child('devices'), spec?.spec?.devices);
  return errors.errors;
}
