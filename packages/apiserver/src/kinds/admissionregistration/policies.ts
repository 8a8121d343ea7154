/**
 * ValidatingAdmissionPolicies and their bindings (upstream: pkg/apis/admissionregistration/{v1/defaults.go,validation/validation.go}).
 * Expressions are compiled by admission/policy, which is read when the first policy comes.
 */
import {
  isCIdentifier,
  isDNS1035Label,
  isQualifiedName,
  type MatchResources,
  type NamedRuleWithOperations,
  parseApiVersion,
  type RuleWithOperations,
  type ValidatingAdmissionPolicy,
  type ValidatingAdmissionPolicyBinding,
} from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { ErrorList } from '../validation/error-list.ts';
import { eachItem, type Maybe } from '../validation/lists.ts';
import { type Path, SPEC } from '../validation/path.ts';
import { checkLabelSelector } from '../validation/rules.ts';
import { checkRule } from './webhook-rules.ts';

const FAILURE_POLICIES = ['Fail', 'Ignore'];
const MATCH_POLICIES = ['Equivalent', 'Exact'];
const ACTIONS = ['Audit', 'Deny', 'Warn'];
const NOT_FOUND_ACTIONS = ['Deny', 'Allow'];
const REASONS = ['Forbidden', 'Invalid', 'RequestEntityTooLarge', 'Unauthorized'];

type Compiler = typeof import('../../admission/policy/policy-program.ts');

let compiler: Compiler | undefined;
let loading: Promise<void> | undefined;

/** Resolves when expressions can be compiled; undefined when they can already. */
function load(): Promise<void> | undefined {
  if (compiler) return undefined;
  loading ??= import('../../admission/policy/policy-program.ts').then((module) => {
    compiler = module;
  });
  return loading;
}

export const validatingPolicyStrategy: Strategy<ValidatingAdmissionPolicy> = {
  tracksGeneration: true,
  load,
  applyDefaults({ spec }) {
    spec.failurePolicy ??= 'Fail';
    if (spec.matchConstraints) defaultMatch(spec.matchConstraints);
  },
  validate: (policy) => validatePolicy(policy).errors,
  validateUpdate: (policy) => validatePolicy(policy).errors,
};

export const validatingPolicyBindingStrategy: Strategy<ValidatingAdmissionPolicyBinding> = {
  tracksGeneration: true,
  applyDefaults({ spec }) {
    if (spec.matchResources) defaultMatch(spec.matchResources);
  },
  validate: (binding) => validateBinding(binding).errors,
  validateUpdate: (binding) => validateBinding(binding).errors,
};

function defaultMatch(match: MatchResources): void {
  match.matchPolicy ??= 'Equivalent';
  match.namespaceSelector ??= {};
  match.objectSelector ??= {};
  for (const rule of [...(match.resourceRules ?? []), ...(match.excludeResourceRules ?? [])]) rule.scope ??= '*';
}

function validatePolicy({ metadata, spec }: ValidatingAdmissionPolicy): ErrorList {
  const errors = new ErrorList();
  if (!spec.failurePolicy) errors.required(SPEC.child('failurePolicy'));
  else if (!FAILURE_POLICIES.includes(spec.failurePolicy)) {
    errors.notSupported(SPEC.child('failurePolicy'), spec.failurePolicy, FAILURE_POLICIES);
  }
  if (spec.paramKind) checkParamKind(errors, SPEC.child('paramKind'), spec.paramKind);
  if (!spec.matchConstraints) errors.required(SPEC.child('matchConstraints'));
  else {
    const rulesAt = SPEC.child('matchConstraints').child('resourceRules');
    checkMatch(errors, SPEC.child('matchConstraints'), spec.matchConstraints);
    if (!spec.matchConstraints.resourceRules?.length) errors.required(rulesAt);
  }
  const problems = compiler ? new compiler.PolicyProgram(spec).problems : [];
  const problemAt = (at: Path): void => {
    const problem = problems.find(({ path }) => pathOf(path).toString() === at.toString());
    if (problem) errors.invalid(at, problem.expression, problem.message);
  };
  eachItem(spec.matchConditions, SPEC.child('matchConditions'), ({ name, expression }, at) => {
    if (!expression?.trim()) errors.required(at.child('expression'));
    problemAt(at.child('expression'));
    if (!name) errors.required(at.child('name'));
    else errors.invalidEach(at.child('name'), name, isQualifiedName(name));
  });
  eachItem(spec.variables, SPEC.child('variables'), ({ name, expression }, at) => {
    checkVariable(errors, at, name, expression);
    problemAt(at.child('expression'));
  });
  checkValidations(errors, spec, problemAt);
  checkAnnotations(errors, metadata.name, spec.auditAnnotations, problemAt);
  return errors;
}

function pathOf(parts: readonly (string | number)[]): Path {
  return parts.reduce<Path>((path, part) => (typeof part === 'number' ? path.index(part) : path.child(part)), SPEC);
}

type PolicySpec = ValidatingAdmissionPolicy['spec'];

function checkParamKind(errors: ErrorList, at: Path, { apiVersion, kind }: NonNullable<PolicySpec['paramKind']>): void {
  if (!apiVersion) errors.required(at.child('apiVersion'));
  else {
    const parsed = parseApiVersion(apiVersion);
    if (!parsed) errors.invalid(at.child('apiVersion'), apiVersion, `unexpected GroupVersion string: ${apiVersion}`);
    else {
      const problems = isDNS1035Label(parsed.version);
      if (problems.length > 0) errors.invalid(at.child('apiVersion'), parsed.version, problems.join(','));
    }
  }
  if (!kind) errors.required(at.child('kind'));
  else {
    const problems = isDNS1035Label(kind.toLowerCase());
    if (problems.length > 0) {
      errors.invalid(at.child('kind'), kind, `may have mixed case, but should otherwise match: ${problems.join(',')}`);
    }
  }
}

function checkMatch(errors: ErrorList, at: Path, match: MatchResources): void {
  const { matchPolicy, namespaceSelector, objectSelector, resourceRules, excludeResourceRules } = match;
  if (!matchPolicy) errors.required(at.child('matchPolicy'));
  else if (!MATCH_POLICIES.includes(matchPolicy))
    errors.notSupported(at.child('matchPolicy'), matchPolicy, MATCH_POLICIES);
  if (namespaceSelector) checkLabelSelector(errors, at.child('namespaceSelector'), namespaceSelector);
  if (objectSelector) checkLabelSelector(errors, at.child('objectSelector'), objectSelector);
  checkRules(errors, at.child('resourceRules'), resourceRules);
  checkRules(errors, at.child('excludeResourceRules'), excludeResourceRules);
}

function checkRules(errors: ErrorList, at: Path, rules: Maybe<readonly NamedRuleWithOperations[]>): void {
  eachItem(rules, at, (rule, where) => checkRule(errors, where, rule as RuleWithOperations));
}

function checkVariable(errors: ErrorList, at: Path, name: string | undefined, expression: string | undefined): void {
  if (!name?.trim()) errors.required(at.child('name'), 'name is not specified');
  else if (isCIdentifier(name).length > 0) errors.invalid(at.child('name'), name, 'name is not a valid CEL identifier');
  if (!expression?.trim()) errors.required(at.child('expression'), 'expression is not specified');
}

function checkValidations(errors: ErrorList, spec: PolicySpec, problemAt: (at: Path) => void): void {
  const at = SPEC.child('validations');
  if (!spec.validations?.length && !spec.auditAnnotations?.length) {
    errors.required(at, 'validations or auditAnnotations must contain at least one item');
  }
  eachItem(spec.validations, at, ({ expression, message = '', messageExpression, reason }, where) => {
    if (!expression?.trim()) errors.required(where.child('expression'), 'expression is not specified');
    problemAt(where.child('expression'));
    if (messageExpression !== undefined && messageExpression.trim() === '') {
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
  problemAt: (at: Path) => void,
): void {
  const seen = new Set<string>();
  eachItem(annotations, SPEC.child('auditAnnotations'), ({ key, valueExpression }, at) => {
    if (!name) errors.invalid(at.child('key'), key, 'requires metadata.name be non-empty');
    else errors.invalidEach(at.child('key'), key, isQualifiedName(`${name}/${key}`));
    if (!valueExpression?.trim()) errors.required(at.child('valueExpression'), 'valueExpression is not specified');
    problemAt(at.child('valueExpression'));
    if (seen.has(key)) errors.duplicate(at.child('key'), key);
    seen.add(key);
  });
}

function validateBinding({ spec }: ValidatingAdmissionPolicyBinding): ErrorList {
  const errors = new ErrorList();
  if (!spec.policyName) errors.required(SPEC.child('policyName'));
  if (spec.paramRef) checkParamRef(errors, SPEC.child('paramRef'), spec.paramRef);
  if (spec.matchResources) checkMatch(errors, SPEC.child('matchResources'), spec.matchResources);
  const at = SPEC.child('validationActions');
  const actions = spec.validationActions ?? [];
  if (actions.length === 0) errors.required(at, 'at least one validation action is required');
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
  return errors;
}

type ParamRef = NonNullable<ValidatingAdmissionPolicyBinding['spec']['paramRef']>;

function checkParamRef(
  errors: ErrorList,
  at: Path,
  { name, selector, parameterNotFoundAction: action }: ParamRef,
): void {
  if (name && selector) {
    errors.forbidden(at.child('name'), 'name and selector are mutually exclusive');
    errors.forbidden(at.child('selector'), 'name and selector are mutually exclusive');
  } else if (!name && !selector) errors.required(at, 'one of name or selector must be specified');
  if (selector) checkLabelSelector(errors, at.child('selector'), selector);
  if (!action) errors.required(at.child('parameterNotFoundAction'));
  else if (!NOT_FOUND_ACTIONS.includes(action)) {
    errors.notSupported(at.child('parameterNotFoundAction'), action, NOT_FOUND_ACTIONS);
  }
}
