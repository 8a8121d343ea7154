/**
 * MutatingAdmissionPolicies and their bindings (upstream: pkg/apis/admissionregistration/{v1/defaults.go,validation/validation.go}).
 * Expressions are compiled by admission/policy, which is read when the first policy comes.
 */
import {
  jsonEqual,
  type MutatingAdmissionPolicy,
  type MutatingAdmissionPolicyBinding,
  type Mutation,
} from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { ErrorList } from '../validation/error-list.ts';
import { eachItem } from '../validation/lists.ts';
import { type Path, SPEC } from '../validation/path.ts';
import { lateModule } from './late-module.ts';
import {
  checkBinding,
  checkConditions,
  checkFrame,
  checkOperations,
  checkVariables,
  defaultMatch,
  type ProblemTeller,
  problemTeller,
} from './policy-rules.ts';

const REINVOCATION = ['IfNeeded', 'Never'];
const PATCH_TYPES = ['ApplyConfiguration', 'JSONPatch'];
/** What is deleted can't be changed. */
const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'UPDATE'];

const compiler = lateModule(() => import('../../admission/policy/mutation-program.ts'));

export const mutatingPolicyStrategy: Strategy<MutatingAdmissionPolicy> = {
  tracksGeneration: true,
  load: compiler.load,
  applyDefaults({ spec }) {
    spec.failurePolicy ??= 'Fail';
    defaultMatch(spec.matchConstraints);
  },
  validate: (policy) => validatePolicy(policy, undefined).errors,
  validateUpdate: (policy, old) => validatePolicy(policy, old).errors,
};

export const mutatingPolicyBindingStrategy: Strategy<MutatingAdmissionPolicyBinding> = {
  tracksGeneration: true,
  applyDefaults: ({ spec }) => defaultMatch(spec.matchResources),
  validate: (binding) => validateBinding(binding).errors,
  validateUpdate: (binding) => validateBinding(binding).errors,
};

type PolicySpec = MutatingAdmissionPolicy['spec'];

function problemsOf(spec: PolicySpec) {
  const module = compiler.get();
  return module ? new module.MutationProgram(spec).problems : [];
}

function validatePolicy({ spec }: MutatingAdmissionPolicy, old: MutatingAdmissionPolicy | undefined): ErrorList {
  const errors = new ErrorList();
  checkFrame(errors, spec, OPERATIONS);
  const problemAt = problemTeller(errors, problemsOf(spec));
  // Conditions that stand as they stood are not looked at again.
  if (!old || !sameConditions(spec, old.spec)) {
    checkConditions(errors, SPEC.child('matchConditions'), spec.matchConditions, problemAt);
  }
  checkVariables(errors, spec.variables, problemAt);
  const mutationsAt = SPEC.child('mutations');
  if (!spec.mutations?.length) errors.required(mutationsAt, 'mutations must contain at least one item');
  eachItem(spec.mutations, mutationsAt, (mutation, at) => checkMutation(errors, at, mutation, problemAt));
  const reinvocationAt = SPEC.child('reinvocationPolicy');
  if (!spec.reinvocationPolicy) errors.required(reinvocationAt);
  else if (!REINVOCATION.includes(spec.reinvocationPolicy)) {
    errors.notSupported(reinvocationAt, spec.reinvocationPolicy, REINVOCATION);
  }
  return errors;
}

function sameConditions(a: PolicySpec, b: PolicySpec): boolean {
  return jsonEqual([a.paramKind, a.matchConditions], [b.paramKind, b.matchConditions]);
}

function checkMutation(errors: ErrorList, at: Path, mutation: Mutation, problemAt: ProblemTeller): void {
  const { patchType, applyConfiguration, jsonPatch } = mutation;
  if (!patchType) {
    errors.required(at.child('patchType'));
    return;
  }
  if (!PATCH_TYPES.includes(patchType)) {
    errors.notSupported(at.child('patchType'), patchType, PATCH_TYPES);
    return;
  }
  const isJson = patchType === 'JSONPatch';
  const [own, other] = isJson ? ['jsonPatch', 'applyConfiguration'] : ['applyConfiguration', 'jsonPatch'];
  const given = isJson ? jsonPatch : applyConfiguration;
  if (!given) errors.required(at.child(own ?? ''), `must be specified when patchType is ${patchType}`);
  else if (!given.expression?.trim()) errors.required(at.child(own ?? '').child('expression'));
  else problemAt(at.child(own ?? '').child('expression'));
  if (isJson ? applyConfiguration : jsonPatch) {
    errors.invalid(at.child(other ?? ''), `{${other}}`, `must not be specified when patchType is ${patchType}`);
  }
}

function validateBinding({ spec }: MutatingAdmissionPolicyBinding): ErrorList {
  const errors = new ErrorList();
  checkBinding(errors, spec);
  if (spec.matchResources) checkOperations(errors, SPEC.child('matchResources'), spec.matchResources, OPERATIONS);
  return errors;
}
