/**
 * matchConditions: expressions that must all hold for a webhook or a policy to be asked
 * (upstream: staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions/matcher.go).
 */
import type { MatchCondition } from '@regatta/api';
import {
  type CelEnvironment,
  CompileError,
  CostError,
  compileCel,
  EvaluationError,
  type Program,
  type Value,
} from '@regatta/cel';
import { admissionEnvironment } from './expressions.ts';
import { compileExpression, type ExpressionProblem } from './policy-expressions.ts';

/** Whether all hold; an error, told with all there are, when none is false and some have no value. */
export type ConditionMatcher = (values: readonly Value[]) => boolean | EvaluationError;

/** Undefined when there are none. A condition that doesn't compile has no value. */
export function conditionMatcher(
  conditions: readonly MatchCondition[] | undefined,
  environment: CelEnvironment = admissionEnvironment(),
): ConditionMatcher | undefined {
  if (!conditions || conditions.length === 0) return undefined;
  const compiled = conditions.map((condition) => compileCondition(condition, environment));
  return (values) => {
    const problems: EvaluationError[] = [];
    for (const condition of compiled) {
      const held = condition(values);
      if (held === false) return false;
      if (held !== true) problems.push(held);
    }
    if (problems.length < 2) return problems[0] ?? true;
    return new EvaluationError(`[${[...new Set(problems.map(({ message }) => message))].join(', ')}]`);
  };
}

/** Why conditions don't compile, by their places. Their text is taken as it is without blanks around it. */
export function conditionProblems(conditions: readonly MatchCondition[] | undefined): ExpressionProblem[] {
  const problems: ExpressionProblem[] = [];
  const environment = admissionEnvironment();
  for (const [i, condition] of (conditions ?? []).entries()) {
    compileExpression(condition?.expression?.trim(), environment, [i, 'expression'], problems, ['bool']);
  }
  return problems;
}

function compileCondition({ expression }: MatchCondition, environment: CelEnvironment): ConditionMatcher {
  let program: Program;
  try {
    program = compileCel(expression, environment);
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    const { message } = error;
    return () => new EvaluationError(`compilation failed: ${message}`);
  }
  return (values) => {
    try {
      return program.evaluate(values) === true;
    } catch (error) {
      if (!(error instanceof CostError) && !(error instanceof EvaluationError)) throw error;
      return new EvaluationError(`expression '${expression}' resulted in error: ${error.message}`);
    }
  };
}
