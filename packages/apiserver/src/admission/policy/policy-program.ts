/**
 * The expressions of a ValidatingAdmissionPolicy, compiled: variables in their order, each seen by those after it, then what is
 * validated (upstream: staging/src/k8s.io/apiserver/pkg/admission/plugin/policy/validating/{plugin,validator}.go, plugin/cel/composition.go).
 */
import type { ValidatingAdmissionPolicySpec } from '@regatta/api';
import {
  type CelType,
  CompileError,
  CostError,
  type CostMeter,
  compileCel,
  DYN,
  EvaluationError,
  type FieldType,
  MapValue,
  type Program,
  typeText,
  type Value,
} from '@regatta/cel';
import { admissionEnvironment } from './expressions.ts';
import { type ConditionMatcher, conditionMatcher } from './match-conditions.ts';

/** An expression that doesn't compile: where it stands in the spec, and why. */
export interface ExpressionProblem {
  readonly path: readonly (string | number)[];
  readonly expression: string;
  readonly message: string;
}

interface CompiledValidation {
  readonly expression: string;
  readonly program: Program | undefined;
  readonly message: Program | undefined;
  readonly plainMessage: string | undefined;
  readonly reason: string;
}

export interface Violation {
  readonly message: string;
  readonly reason: string;
  readonly isError: boolean;
}

export class PolicyProgram {
  readonly problems: ExpressionProblem[] = [];
  readonly conditions: ConditionMatcher | undefined;
  readonly #variables: readonly (readonly [name: string, program: Program | undefined])[];
  readonly #validations: readonly CompiledValidation[];

  /** @param object the type of the objects, where they are all of one kind */
  constructor(spec: ValidatingAdmissionPolicySpec, object?: CelType) {
    const params = spec.paramKind ? { params: DYN } : {};
    const typed = { ...(object ? { object } : {}), ...params };
    const fields = new Map<string, FieldType>();
    const variables: CelType = { kind: 'object', name: 'kubernetes.variables', fields };
    const environment = (): ReturnType<typeof admissionEnvironment> =>
      admissionEnvironment({ ...typed, ...(spec.variables?.length ? { variables } : {}) });
    this.#variables = (spec.variables ?? []).map(({ name, expression }, i) => {
      const program = this.#compile(expression, environment(), ['variables', i, 'expression']);
      // One that doesn't compile is told once, not by everything that names it.
      if (expression?.trim()) fields.set(name, { jsonName: name, type: program?.type ?? DYN });
      return [name, program];
    });
    this.conditions = conditionMatcher(spec.matchConditions, admissionEnvironment(typed));
    for (const [i, { expression }] of (spec.matchConditions ?? []).entries()) {
      this.#compile(expression, admissionEnvironment(typed), ['matchConditions', i, 'expression'], 'bool');
    }
    this.#validations = (spec.validations ?? []).map(({ expression, message, messageExpression, reason }, i) => ({
      expression,
      program: this.#compile(expression, environment(), ['validations', i, 'expression'], 'bool'),
      message: messageExpression
        ? this.#compile(messageExpression, environment(), ['validations', i, 'messageExpression'], 'string')
        : undefined,
      plainMessage: message,
      reason: reason ?? 'Invalid',
    }));
    for (const [i, { valueExpression }] of (spec.auditAnnotations ?? []).entries()) {
      this.#compile(valueExpression, environment(), ['auditAnnotations', i, 'valueExpression']);
    }
  }

  #compile(
    expression: string | undefined,
    environment: ReturnType<typeof admissionEnvironment>,
    path: readonly (string | number)[],
    wanted?: 'bool' | 'string',
  ): Program | undefined {
    if (!expression?.trim()) return undefined;
    try {
      const program = compileCel(expression, environment);
      if (!wanted || program.type.kind === wanted || program.type.kind === 'dyn') return program;
      this.problems.push({ path, expression, message: `must evaluate to ${wanted} but got ${typeText(program.type)}` });
    } catch (error) {
      if (!(error instanceof CompileError)) throw error;
      this.problems.push({ path, expression, message: `compilation failed: ${error.message}` });
    }
    return undefined;
  }

  /** What a request does not satisfy. @param values as `requestValues` gives them */
  violations(values: readonly Value[], budget: CostMeter): Violation[] {
    const whole = [...values.slice(0, -1), this.#variableValues(values, budget)];
    return this.#validations.flatMap((validation): Violation[] => {
      try {
        if (validation.program?.evaluate(whole, budget) === true) return [];
        return [{ message: messageOf(validation, whole, budget), reason: validation.reason, isError: false }];
      } catch (error) {
        if (!(error instanceof EvaluationError) && !(error instanceof CostError)) throw error;
        const message = `expression '${validation.expression}' resulted in error: ${error.message}`;
        return [{ message, reason: 'Invalid', isError: true }];
      }
    });
  }

  /** Each is evaluated when it is first asked for, and once. */
  #variableValues(values: readonly Value[], budget: CostMeter): Value {
    const programs = new Map(this.#variables);
    const known = new Map<string, Value>();
    const variables: MapValue = MapValue.lazy([...programs.keys()], (name) => {
      const found = known.get(name);
      if (found !== undefined) return found;
      const value = programs.get(name)?.evaluate([...values.slice(0, -1), variables], budget);
      if (value !== undefined) known.set(name, value);
      return value;
    });
    return variables;
  }
}

function messageOf(
  { message, plainMessage, expression }: CompiledValidation,
  values: readonly Value[],
  budget: CostMeter,
): string {
  const fallback = plainMessage?.trim() || `failed expression: ${expression.trim()}`;
  if (!message) return fallback;
  try {
    const text = message.evaluate(values, budget);
    return typeof text === 'string' && text.trim() !== '' && !/[\n\r]/.test(text) ? text.trim() : fallback;
  } catch (error) {
    if (error instanceof EvaluationError || error instanceof CostError) return fallback;
    throw error;
  }
}
