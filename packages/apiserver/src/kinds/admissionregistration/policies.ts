/**
 * ValidatingAdmissionPolicies and their bindings (upstream: pkg/apis/admissionregistration/{v1/defaults.go,validation/validation.go}).
 * Expressions are compiled by admission/policy, which is read when the first policy comes.
 */
import {
  isQualifiedName,
  jsonEqual,
  type ValidatingAdmissionPolicy,
  type ValidatingAdmissionPolicyBinding,
} from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { ErrorList } from '../validation/error-list.ts';
import { eachItem } from '../validation/lists.ts';
import { SPEC } from '../validation/path.ts';
import { lateModule } from './late-module.ts';
import {
  checkBinding,
  checkConditions,
  checkFrame,
  checkVariables,
  defaultMatch,
  type ProblemTeller,
  problemTeller,
} from './policy-rules.ts';

const ACTIONS = ['Audit', 'Deny', 'Warn'];
const REASONS = ['Forbidden', 'Invalid', 'RequestEntityTooLarge'];
const MAX_ANNOTATIONS = 20;
/** Bytes. */
const MAX_VALUE_EXPRESSION = 5 * 1024;

const compiler = lateModule(() => import('../../admission/policy/policy-program.ts'));

export const validatingPolicyStrategy: Strategy<ValidatingAdmissionPolicy> = {
  tracksGeneration: true,
  load: compiler.load,
  applyDefaults({ spec }) {
    spec.failurePolicy ??= 'Fail';
    defaultMatch(spec.matchConstraints);
  },
  validate: (policy) => validatePolicy(policy, undefined).errors,
  validateUpdate: (policy, old) => validatePolicy(policy, old).errors,
};

export const validatingPolicyBindingStrategy: Strategy<ValidatingAdmissionPolicyBinding> = {
  tracksGeneration: true,
  applyDefaults: ({ spec }) => defaultMatch(spec.matchResources),
  validate: (binding) => validateBinding(binding).errors,
  validateUpdate: (binding) => validateBinding(binding).errors,
};

type PolicySpec = ValidatingAdmissionPolicy['spec'];

function problemsOf(spec: PolicySpec) {
  const module = compiler.get();
  return module ? new module.PolicyProgram(spec).problems : [];
}

function validatePolicy(
  { metadata, spec }: ValidatingAdmissionPolicy,
  old: ValidatingAdmissionPolicy | undefined,
): ErrorList {
  const errors = new ErrorList();
  checkFrame(errors, spec);
  const problemAt = problemTeller(errors, problemsOf(spec));
  // Conditions that stand as they stood are not looked at again.
  if (!old || !sameConditions(spec, old.spec)) {
    checkConditions(errors, SPEC.child('matchConditions'), spec.matchConditions, problemAt);
  }
  checkVariables(errors, spec.variables, problemAt);
  if (!spec.validations?.length && !spec.auditAnnotations?.length) {
    const why = 'validations or auditAnnotations must contain at least one item';
    errors.required(SPEC.child('validations'), why);
    errors.required(SPEC.child('auditAnnotations'), why);
    return errors;
  }
  checkValidations(errors, spec, problemAt);
  checkAnnotations(errors, metadata.name, spec.auditAnnotations, problemAt);
  return errors;
}

function sameConditions(a: PolicySpec, b: PolicySpec): boolean {
  return jsonEqual([a.paramKind, a.matchConditions], [b.paramKind, b.matchConditions]);
}

function checkValidations(errors: ErrorList, spec: PolicySpec, problemAt: ProblemTeller): void {
  eachItem(spec.validations, SPEC.child('validations'), (validation, where) => {
    const { expression, message = '', messageExpression, reason } = validation;
    if (!expression?.trim()) errors.required(where.child('expression'), 'expression is not specified');
    problemAt(where.child('expression'));
    if (messageExpression && messageExpression.trim() === '') {
      errors.invalid(where.child('messageExpression'), messageExpression, 'must be non-empty if specified');
    }
    problemAt(where.child('messageExpression'));
    if (message !== '' && message.trim() === '') {
      errors.invalid(where.child('message'), message, 'message must be non-empty if specified');
    } else if (/[\n\r]/.test(message.trim())) {
      errors.invalid(where.child('message'), message, 'message must not contain line breaks');
    }
    if (reason !== undefined && !REASONS.includes(reason)) errors.notSupported(where.child('reason'), reason, REASONS);
  });
}

function checkAnnotations(
  errors: ErrorList,
  name: string | undefined,
  annotations: PolicySpec['auditAnnotations'],
  problemAt: ProblemTeller,
): void {
  const path = SPEC.child('auditAnnotations');
  if ((annotations?.length ?? 0) > MAX_ANNOTATIONS) {
    errors.invalid(path, annotations, `must not have more than ${MAX_ANNOTATIONS} auditAnnotations`);
  }
  const seen = new Set<string>();
  eachItem(annotations, path, ({ key, valueExpression }, at) => {
    const valueAt = at.child('valueExpression');
    if (!name) errors.invalid(at.child('key'), key, 'requires metadata.name be non-empty');
    else errors.invalidEach(at.child('key'), `${name}/${key}`, isQualifiedName(`${name}/${key}`));
    if (!valueExpression?.trim()) errors.required(valueAt, 'valueExpression is not specified');
    else if (Buffer.byteLength(valueExpression.trim()) > MAX_VALUE_EXPRESSION) {
      errors.required(valueAt, `must not exceed ${MAX_VALUE_EXPRESSION} bytes in length`);
    } else problemAt(valueAt);
    if (seen.has(key)) errors.duplicate(at.child('key'), key);
    seen.add(key);
  });
}

function validateBinding({ spec }: ValidatingAdmissionPolicyBinding): ErrorList {
  const errors = new ErrorList();
  checkBinding(errors, spec);
  const at = SPEC.child('validationActions');
  const actions = spec.validationActions ?? [];
  const seen = new Set<string>();
  for (const [i, action] of actions.entries()) {
    if (!ACTIONS.includes(action)) errors.notSupported(at.index(i), action, ACTIONS);
    if (seen.has(action)) errors.duplicate(at.index(i), action);
    seen.add(action);
  }
  if (seen.has('Deny') && seen.has('Warn')) {
    errors.invalid(
      at,
      actions,
      'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
    );
  }
  if (seen.size === 0) errors.required(at, 'at least one validation action is required');
  return errors;
}
