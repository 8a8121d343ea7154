/**
 * Rules that policies and bindings of both kinds share (upstream: validateMatchResources, validateParamKind … of
 * pkg/apis/admissionregistration/validation/validation.go), and the reading of what compiles expressions when the first comes.
 */
import {
  isCIdentifier,
  isDNS1035Label,
  isDNS1123Subdomain,
  isQualifiedName,
  isValidPathSegmentName,
  type MatchCondition,
  type MatchResources,
  type NamedRuleWithOperations,
  type ParamKind,
  type ParamRef,
  type RuleWithOperations,
  type Variable,
} from '@regatta/api';
import type { ExpressionProblem } from '../../admission/policy/policy-expressions.ts';
import type { ErrorList } from '../validation/error-list.ts';
import { eachItem, type Maybe } from '../validation/lists.ts';
import { type Path, SPEC } from '../validation/path.ts';
import { checkLabelSelector } from '../validation/rules.ts';
import { checkRule } from './webhook-rules.ts';

const FAILURE_POLICIES = ['Fail', 'Ignore'];
const MATCH_POLICIES = ['Equivalent', 'Exact'];
const NOT_FOUND_ACTIONS = ['Deny', 'Allow'];
const MAX_CONDITIONS = 64;
const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

/** Tells the problem of the expression at a place, when it has one. */
export type ProblemTeller = (at: Path) => void;

export function problemTeller(
  errors: ErrorList,
  problems: readonly ExpressionProblem[],
  root: Path = SPEC,
): ProblemTeller {
  const pathOf = (parts: ExpressionProblem['path']): string =>
    parts
      .reduce<Path>((path, part) => (typeof part === 'number' ? path.index(part) : path.child(part)), root)
      .toString();
  const byPath = new Map(problems.map((problem) => [pathOf(problem.path), problem]));
  return (at) => {
    const problem = byPath.get(at.toString());
    if (problem) errors.invalid(at, problem.expression, problem.message);
  };
}

export function defaultMatch(match: MatchResources | undefined): void {
  if (!match) return;
  match.matchPolicy ??= 'Equivalent';
  match.namespaceSelector ??= {};
  match.objectSelector ??= {};
  for (const rule of [...(match.resourceRules ?? []), ...(match.excludeResourceRules ?? [])]) rule.scope ??= '*';
}

/** What every policy says besides its expressions. */
export interface PolicyFrame {
  readonly failurePolicy?: string;
  readonly paramKind?: ParamKind;
  readonly matchConstraints?: MatchResources;
}

/** @param operations those that can be asked for; any unless told */
export function checkFrame(errors: ErrorList, frame: PolicyFrame, operations?: readonly string[]): void {
  const { failurePolicy, paramKind, matchConstraints } = frame;
  const at = SPEC.child('failurePolicy');
  if (!failurePolicy) errors.required(at);
  else if (!FAILURE_POLICIES.includes(failurePolicy)) errors.notSupported(at, failurePolicy, FAILURE_POLICIES);
  if (paramKind) checkParamKind(errors, SPEC.child('paramKind'), paramKind);
  const constraintsAt = SPEC.child('matchConstraints');
  if (!matchConstraints) {
    errors.required(constraintsAt);
    return;
  }
  checkMatch(errors, constraintsAt, matchConstraints);
  if (!matchConstraints.resourceRules?.length) errors.required(constraintsAt.child('resourceRules'));
  if (operations) checkOperations(errors, constraintsAt, matchConstraints, operations);
}

/** Told without the place of the rule, as upstream does. */
export function checkOperations(
  errors: ErrorList,
  at: Path,
  { resourceRules }: MatchResources,
  known: readonly string[],
): void {
  const operationsAt = at.child('resourceRules').child('operations');
  for (const rule of resourceRules ?? []) {
    for (const operation of rule?.operations ?? []) {
      if (!known.includes(operation)) errors.notSupported(operationsAt, operation, known);
    }
  }
}

function checkParamKind(errors: ErrorList, at: Path, { apiVersion, kind }: ParamKind): void {
  const versionAt = at.child('apiVersion');
  if (!apiVersion) errors.required(versionAt);
  else checkParamVersion(errors, versionAt, apiVersion);
  if (!kind) errors.required(at.child('kind'));
  else {
    const problems = isDNS1035Label(kind.toLowerCase());
    if (problems.length > 0) {
      errors.invalid(at.child('kind'), kind, `may have mixed case, but should otherwise match: ${problems.join(',')}`);
    }
  }
}

function checkParamVersion(errors: ErrorList, at: Path, apiVersion: string): void {
  const parts = apiVersion === '/' ? ['', ''] : apiVersion.split('/');
  if (parts.length > 2) {
    errors.invalid(at, apiVersion, `unexpected GroupVersion string: ${apiVersion}`);
    return;
  }
  const version = parts.at(-1) ?? '';
  const group = parts.length === 2 ? (parts[0] ?? '') : '';
  const groupProblems = group === '' ? [] : isDNS1123Subdomain(group);
  if (groupProblems.length > 0) errors.invalid(at, group, groupProblems.join(','));
  if (version === '') errors.invalid(at, apiVersion, 'version must be specified');
  else {
    const problems = isDNS1035Label(version);
    if (problems.length > 0) errors.invalid(at, version, problems.join(','));
  }
}

export function checkMatch(errors: ErrorList, at: Path, match: MatchResources): void {
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
  eachItem(rules, at, (rule, where) => {
    const names = new Set<string>();
    eachItem(rule.resourceNames, where.child('resourceNames'), (name, nameAt) => {
      errors.invalidEach(nameAt, name, isValidPathSegmentName(name));
      if (names.has(name)) errors.duplicate(nameAt, name);
      names.add(name);
    });
    checkRule(errors, where, rule as RuleWithOperations);
  });
}

/** Also of webhooks. */
export function checkConditions(
  errors: ErrorList,
  path: Path,
  conditions: Maybe<readonly MatchCondition[]>,
  problemAt: ProblemTeller,
): void {
  const count = conditions?.length ?? 0;
  if (count > MAX_CONDITIONS) errors.tooMany(path, count, MAX_CONDITIONS);
  const names = new Set<string>();
  eachItem(conditions, path, ({ name, expression }, at) => {
    if (!expression?.trim()) errors.required(at.child('expression'));
    problemAt(at.child('expression'));
    if (!name) errors.required(at.child('name'));
    else errors.invalidEach(at.child('name'), name, isQualifiedName(name));
    if (name && names.has(name)) errors.duplicate(at.child('name'), name);
    if (name) names.add(name);
  });
}

export function checkVariables(
  errors: ErrorList,
  variables: Maybe<readonly Variable[]>,
  problemAt: ProblemTeller,
): void {
  eachItem(variables, SPEC.child('variables'), ({ name, expression }, at) => {
    if (!name?.trim()) errors.required(at.child('name'), 'name is not specified');
    else if (isCIdentifier(name).length > 0 || RESERVED.has(name)) {
      errors.invalid(at.child('name'), name, 'name is not a valid CEL identifier');
    }
    if (!expression?.trim()) errors.required(at.child('expression'), 'expression is not specified');
    problemAt(at.child('expression'));
  });
}

export interface BindingFrame {
  readonly policyName?: string;
  readonly paramRef?: ParamRef;
  readonly matchResources?: MatchResources;
}

export function checkBinding(errors: ErrorList, { policyName, paramRef, matchResources }: BindingFrame): void {
  const at = SPEC.child('policyName');
  if (!policyName) errors.required(at);
  else errors.invalidEach(at, policyName, isDNS1123Subdomain(policyName));
  if (paramRef) checkParamRef(errors, SPEC.child('paramRef'), paramRef);
  if (matchResources) checkMatch(errors, SPEC.child('matchResources'), matchResources);
}

function checkParamRef(errors: ErrorList, at: Path, ref: ParamRef): void {
  const { name, selector, parameterNotFoundAction: action } = ref;
  if (name) {
    errors.invalidEach(at.child('name'), name, isValidPathSegmentName(name));
    if (selector) errors.forbidden(at.child('name'), 'name and selector are mutually exclusive');
  }
  if (selector) {
    checkLabelSelector(errors, at.child('selector'), selector);
    if (name) errors.forbidden(at.child('selector'), 'name and selector are mutually exclusive');
  }
  if (!name && !selector) errors.required(at, 'one of name or selector must be specified');
  if (!action) errors.required(at.child('parameterNotFoundAction'));
  else if (!NOT_FOUND_ACTIONS.includes(action)) {
    errors.notSupported(at.child('parameterNotFoundAction'), action, NOT_FOUND_ACTIONS);
  }
}
