/**
 * The expressions of a MutatingAdmissionPolicy, compiled, and the patches that they make
 * (upstream: staging/src/k8s.io/apiserver/pkg/admission/plugin/policy/mutating/{compilation.go,patch}).
 */
import {
  applyJsonPatch,
  atomicParts,
  configProblem,
  JsonPatchTestError,
  type KubeObject,
  layOver,
  type MutatingAdmissionPolicySpec,
  type Mutation,
  StatusError,
} from '@regatta/api';
import {
  CostError,
  CostMeter,
  DYN,
  EvaluationError,
  ListValue,
  type Program,
  RUNTIME_BUDGET,
  StructValue,
  type Value,
} from '@regatta/cel';
import type { Target } from '../versioned-object.ts';
import { admissionEnvironment } from './expressions.ts';
import { type ConditionMatcher, conditionMatcher } from './match-conditions.ts';
import { jsonOf, patchJson } from './patch-types.ts';
import { compileExpression, type ExpressionProblem, PolicyVariables } from './policy-expressions.ts';

/** A patch that can't be made or doesn't fit the object. */
export class MutationError extends Error {
  readonly code = 'mutation';

  constructor(
    message: string,
    readonly outOfBudget = false,
  ) {
    super(message);
    this.name = 'MutationError';
  }
}

interface CompiledMutation {
  readonly kind: 'apply' | 'json';
  readonly expression: string;
  readonly program: Program | undefined;
}

export class MutationProgram {
  readonly problems: ExpressionProblem[] = [];
  readonly conditions: ConditionMatcher | undefined;
  readonly #variables: PolicyVariables;
  readonly #mutations: readonly CompiledMutation[];

  constructor(spec: MutatingAdmissionPolicySpec) {
    const { problems } = this;
    const parts = spec.paramKind ? { params: DYN } : {};
    this.conditions = conditionMatcher(spec.matchConditions, admissionEnvironment(parts));
    for (const [i, { expression }] of (spec.matchConditions ?? []).entries()) {
      const path = ['matchConditions', i, 'expression'];
      compileExpression(expression?.trim(), admissionEnvironment(parts), path, problems, ['bool']);
    }
    this.#variables = new PolicyVariables(spec.variables, parts, problems);
    this.#mutations = (spec.mutations ?? []).map((mutation, i) => this.#compile(mutation, i));
  }

  #compile({ patchType, applyConfiguration, jsonPatch }: Mutation, i: number): CompiledMutation {
    const isJson = patchType === 'JSONPatch';
    const expression = ((isJson ? jsonPatch : applyConfiguration)?.expression ?? '').trim();
    const path = ['mutations', i, isJson ? 'jsonPatch' : 'applyConfiguration', 'expression'];
    const wanted = [isJson ? 'list(JSONPatch)' : 'Object'];
    const environment = this.#variables.environment({ patches: true });
    const program = compileExpression(expression, environment, path, this.problems, wanted);
    return { kind: isJson ? 'json' : 'apply', expression, program };
  }

  get length(): number {
    return this.#mutations.length;
  }

  /**
   * The object as one mutation leaves it, not decoded.
   * @param values as `requestValues` gives them @param object in the target's version
   * @throws MutationError, StatusError
   */
  mutate(index: number, values: readonly Value[], target: Target, object: KubeObject): unknown {
    const mutation = this.#mutations[index];
    if (!mutation?.program) throw new MutationError('the expression does not compile');
    const value = this.#evaluate(mutation, mutation.program, values);
    try {
      return mutation.kind === 'apply' ? applied(value, target, object) : patched(value, object);
    } catch (error) {
      if (error instanceof EvaluationError) throw new MutationError(error.message);
      throw error;
    }
  }

  #evaluate({ expression }: CompiledMutation, program: Program, values: readonly Value[]): Value {
    const budget = new CostMeter(RUNTIME_BUDGET);
    try {
      return program.evaluate(this.#variables.values(values, budget), budget);
    } catch (error) {
      if (!(error instanceof EvaluationError) && !(error instanceof CostError)) throw error;
      const message = `expression '${expression}' resulted in error: ${error.message}`;
      throw new MutationError(message, error instanceof CostError);
    }
  }
}

function applied(value: Value, { served, group, version, kind }: Target, object: KubeObject): unknown {
  const { types, info } = served ?? {};
  if (!types || !info) {
    const gvk = `${group === '' ? '' : group}/${version}, Kind=${kind}`;
    throw new MutationError(
      `Resource kind ${gvk} not found. There can be a delay between when CustomResourceDefinitions are created and when they are available.`,
    );
  }
  const config = { ...(patchJson(value) as object), apiVersion: object.apiVersion, kind: object.kind };
  const problem = configProblem(types, info.typeId, config);
  if (problem !== undefined) {
    throw new MutationError(`error applying patch: failed to convert patch object to typed object: ${problem}`);
  }
  const atomics = atomicParts(types, info.typeId, config);
  if (atomics.length > 0) {
    const parts = atomics.join(', ');
    throw new MutationError(
      `error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${parts}`,
    );
  }
  return layOver(types, info.typeId, object, config);
}

/** A test that fails leaves the object as it was. */
function patched(value: Value, object: KubeObject): unknown {
  if (!(value instanceof ListValue)) {
    throw new MutationError('type mismatch: JSONPatchType.expression should evaluate to array');
  }
  const operations = value.toArray().map(operationOf);
  try {
    return applyJsonPatch(object, operations);
  } catch (error) {
    if (error instanceof JsonPatchTestError) return object;
    if (!(error instanceof StatusError)) throw error;
    throw new MutationError(`JSONPath: ${error.message}`);
  }
}

function operationOf(value: Value): Record<string, unknown> {
  if (!(value instanceof StructValue)) {
    throw new MutationError('type mismatch: JSONPatchType.expression should evaluate to array of JSONPatch');
  }
  const { fields } = value;
  const text = (name: string): unknown => jsonOf(fields.get(name) ?? '');
  const from = text('from');
  const given = fields.get('value');
  return {
    op: text('op'),
    path: text('path'),
    ...(from === '' ? {} : { from }),
    ...(given === undefined ? {} : { value: patchValue(given) }),
  };
}

/** The objects of a value are named from their own root. */
function patchValue(value: Value): unknown {
  return value instanceof StructValue ? patchJson(value, value.typeName) : jsonOf(value);
}
