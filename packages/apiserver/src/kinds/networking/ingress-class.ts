/**
 * IngressClasses (upstream: SetDefaults_IngressClass, ValidateIngressClass … of pkg/apis/networking).
 */
import type { IngressClass, IngressClassParametersReference } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { checkDomainPath } from '../validation/domain-path.ts';
import { ErrorList } from '../validation/error-list.ts';
import { type Path, SPEC } from '../validation/path.ts';
import { checkDnsLabel, IMMUTABLE } from '../validation/rules.ts';
import { checkTypedReference } from './references.ts';

const SCOPES = ['Cluster', 'Namespace'];
const MAX_CONTROLLER = 250;
const CONTROLLER = SPEC.child('controller');

export const ingressClassStrategy: Strategy<IngressClass> = {
  tracksGeneration: true,
  applyDefaults({ spec }) {
    if (spec?.parameters) spec.parameters.scope ??= 'Cluster';
  },
  validate: (ingressClass) => validateClass(ingressClass).errors,
  validateUpdate(ingressClass, old) {
    const errors = new ErrorList();
    const controller = ingressClass.spec?.controller ?? '';
    if (controller !== (old.spec?.controller ?? '')) errors.invalid(CONTROLLER, controller, IMMUTABLE);
    errors.append(validateClass(ingressClass));
    return errors.errors;
  },
};

function validateClass({ spec }: IngressClass): ErrorList {
  const errors = new ErrorList();
  const controller = spec?.controller ?? '';
  if (controller.length > MAX_CONTROLLER) errors.tooLong(CONTROLLER, '', MAX_CONTROLLER);
  checkDomainPath(errors, CONTROLLER, controller);
  if (spec?.parameters) checkParameters(errors, SPEC.child('parameters'), spec.parameters);
  return errors;
}

function checkParameters(errors: ErrorList, path: Path, parameters: IngressClassParametersReference): void {
  checkTypedReference(errors, path, parameters);
  const { scope, namespace } = parameters;
  const at = path.child('namespace');
  if (scope === undefined) errors.required(path.child('scope'));
  else if (!SCOPES.includes(scope)) errors.notSupported(path.child('scope'), scope, SCOPES);
  else if (scope === 'Cluster') {
    if (namespace !== undefined) errors.forbidden(at, "`parameters.scope` is set to 'Cluster'");
  } else if (namespace === undefined) errors.required(at, "`parameters.scope` is set to 'Namespace'");
  else checkDnsLabel(errors, at, namespace);
}
