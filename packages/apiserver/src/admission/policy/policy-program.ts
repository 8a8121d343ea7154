/**
 * The expressions of a ValidatingAdmissionPolicy, compiled, and what a request does not satisfy of them
 * (upstream: staging/src/k8s.io/apiserver/pkg/admission/plugin/policy/validating/{plugin,validator}.go).
 */
import type { ValidatingAdmissionPolicySpec } from '@regatta/api';
import {
  type CelType,
  CostError,
  CostMeter,
  DYN,
  EvaluationError,
  type Program,
  RUNTIME_BUDGET,
  type Value,
} from '@regatta/cel';
import { admissionEnvironment } from './expressions.ts';
import { type ConditionMatcher, conditionMatcher } from './match-conditions.ts';
import { compileExpression, type ExpressionProblem, PolicyVariables } from './policy-expressions.ts';

interface CompiledValidation {
  readonly expression: string;
  readonly program: Program | undefined;
  readonly message: Program | undefined;
  readonly plainMessage: string | undefined;
  readonly reason: string;
}

interface CompiledAnnotation {
  readonly key: string;
  readonly expression: string;
  readonly program: Program | undefined;
}

export interface Violation {
  /** Of the validation. */
  readonly index: number;
  readonly message: string;
  readonly reason: string;
  readonly isError: boolean;
  readonly outOfBudget?: boolean;
}

/** What a policy says of a request for its record; an error in place of a value that is none. */
export interface Annotation {
  readonly key: string;
  readonly value: string | Error;
}

/** Upstream: MaxEvaluatedMessageExpressionSizeBytes. */
const MAX_MESSAGE = 5 * 1024;

export class PolicyProgram {
  readonly problems: ExpressionProblem[] = [];
  readonly conditions: ConditionMatcher | undefined;
  readonly #variables: PolicyVariables;
  readonly #validations: readonly CompiledValidation[];
  readonly #annotations: readonly CompiledAnnotation[];

  /** @param typed what is known of the objects and parameters; no result has to be of a type then */
  constructor(spec: ValidatingAdmissionPolicySpec, typed?: { readonly object: CelType; readonly params: CelType }) {
    const { problems } = this;
    const params = spec.paramKind ? { params: typed?.params ?? DYN } : {};
    const parts = { ...(typed ? { object: typed.object } : {}), ...params };
    const wanted = (...types: readonly string[]): readonly string[] | undefined => (typed ? undefined : types);
    this.conditions = conditionMatcher(spec.matchConditions, admissionEnvironment(parts));
    for (const [i, { expression }] of (spec.matchConditions ?? []).entries()) {
      const path = ['matchConditions', i, 'expression'];
      compileExpression(expression?.trim(), admissionEnvironment(parts), path, problems, wanted('bool'));
    }
    this.#variables = new PolicyVariables(spec.variables, parts, problems);
    const environment = this.#variables.environment();
    const ofMessages = this.#variables.environment({ withoutAuthorizer: true });
    this.#validations = (spec.validations ?? []).map(({ expression, message, messageExpression, reason }, i) => {
      const at = ['validations', i];
      return {
        expression,
        program: compileExpression(expression, environment, [...at, 'expression'], problems, wanted('bool')),
        message: compileExpression(
          messageExpression,
          ofMessages,
          [...at, 'messageExpression'],
          problems,
          wanted('string'),
        ),
        plainMessage: message,
        reason: reason ?? 'Invalid',
      };
    });
    this.#annotations = (spec.auditAnnotations ?? []).map(({ key, valueExpression }, i) => {
      const path = ['auditAnnotations', i, 'valueExpression'];
      const found: ExpressionProblem[] = [];
      const trimmed = valueExpression?.trim();
      const program = compileExpression(trimmed, environment, path, found, wanted('string', 'null_type'));
      // Told as it was written, with its blanks.
      problems.push(...found.map((problem) => ({ ...problem, expression: valueExpression })));
      return { key, expression: valueExpression, program };
    });
  }

  /** What a request does not satisfy. @param values as `requestValues` gives them */
  violations(values: readonly Value[]): Violation[] {
    const budget = new CostMeter(RUNTIME_BUDGET);
    const whole = this.#variables.values(values, budget);
    return this.#validations.flatMap((validation, index): Violation[] => {
      try {
        if (validation.program?.evaluate(whole, budget) === true) return [];
        return [{ index, message: messageOf(validation, whole, budget), reason: validation.reason, isError: false }];
      } catch (error) {
        const outOfBudget = error instanceof CostError;
        if (!(error instanceof EvaluationError) && !outOfBudget) throw error;
        const message = `expression '${validation.expression}' resulted in error: ${error.message}`;
        return [{ index, message, reason: '', isError: true, outOfBudget }];
      }
    });
  }

  /** Annotations have a budget of their own, and what has no value or an empty one is left out. */
  annotations(values: readonly Value[]): Annotation[] {
    if (this.#annotations.length === 0) return [];
    const budget = new CostMeter(RUNTIME_BUDGET);
    const whole = this.#variables.values(values, budget);
    return this.#annotations.flatMap(({ key, expression, program }): Annotation[] => {
      try {
        const value = program?.evaluate(whole, budget);
        return typeof value === 'string' && value.trim() !== '' ? [{ key, value: value.trim() }] : [];
      } catch (error) {
        if (!(error instanceof EvaluationError) && !(error instanceof CostError)) throw error;
        return [{ key, value: new Error(`expression '${expression}' resulted in error: ${error.message}`) }];
      }
    });
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
    const trimmed = typeof text === 'string' ? text.trim() : '';
    return trimmed === '' || trimmed.includes('\n') || Buffer.byteLength(trimmed) > MAX_MESSAGE ? fallback : trimmed;
  } catch (error) {
    if (error instanceof EvaluationError || error instanceof CostError) return fallback;
    throw error;
  }
}
